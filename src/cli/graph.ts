/**
 * A history drawn beside its versions, the way git users know:
 *
 *     *    d joins b and c        each column is a line of descent that waits for its next version;
 *     |\                          a row of diagonals opens one, ends one, or lets two run together
 *     * |  b
 *     | *  c
 *     |/
 *     *    a
 */
import { Heap } from '../base/heap.ts'

export interface GraphNode {
  readonly id: string
  readonly parents: readonly string[]
  /** Of two that could come next, the later one does. */
  readonly timeMs: number
}

/** What stands before the lines of one version. */
export interface GraphRows<T> {
  readonly node: T
  /** Rows before it, where lines run together. */
  readonly before: readonly string[]
  /** The row with its star; what stands beside further lines of text. */
  readonly star: string
  readonly beside: string
  /** Rows after it, where lines part or end. */
  readonly after: readonly string[]
}

/** Columns that are drawn: hostile histories have thousands of tips. */
const LANES_SHOWN = 32

/** Draws versions, children before parents, whatever order they come in. Parents that are not among them are left out. */
export function* graphRows<T extends GraphNode>(nodes: readonly T[]): Generator<GraphRows<T>> {
  const known = new Set(nodes.map(({ id }) => id))
  /** For each column the id that its line leads down to. */
  const lanes: string[] = []
  for (const node of childrenFirst(nodes, known)) {
    const before: string[] = []
    let at = lanes.indexOf(node.id)
    if (at < 0) at = lanes.push(node.id) - 1
    for (let other = lanes.lastIndexOf(node.id); other > at; other = lanes.lastIndexOf(node.id)) {
      before.push(joining(lanes.length, at, other))
      lanes.splice(other, 1)
    }
    const star = shown(lanes.map((_, lane) => (lane === at ? '* ' : '| ')).join(''))
    const beside = shown('| '.repeat(lanes.length))
    const after: string[] = []
    const [first, ...others] = [...new Set(node.parents)].filter((id) => known.has(id))
    if (first === undefined) {
      lanes.splice(at, 1)
      if (at < lanes.length) after.push(ending(lanes.length, at))
    } else lanes[at] = first
    for (const parent of others.reverse()) {
      after.push(opening(lanes.length, at))
      lanes.splice(at + 1, 0, parent)
    }
    yield { node, before, star, beside: first === undefined ? blank(beside, at) : beside, after }
  }
}

/** Kahn's algorithm from the children on; the later by claimed time first, then by id. */
function childrenFirst<T extends GraphNode>(nodes: readonly T[], known: ReadonlySet<string>): T[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const waits = new Map<string, number>()
  for (const { parents } of byId.values()) {
    for (const id of new Set(parents)) waits.set(id, (waits.get(id) ?? 0) + 1)
  }
  const sorted = [...byId.values()].sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? -1 : 1))
  const rank = new Map(sorted.map(({ id }, place) => [id, place]))
  const ready = new Heap<T>()
  for (const node of sorted) if (!waits.has(node.id)) ready.push(rank.get(node.id)!, node)
  const order: T[] = []
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    order.push(node)
    for (const id of new Set(node.parents)) {
      const left = waits.get(id)! - 1
      waits.set(id, left)
      if (left === 0 && known.has(id)) ready.push(rank.get(id)!, byId.get(id)!)
    }
  }
  return order
}

/** `|_|/ /`: the line in column `other` ends in column `at`; those to its right move one to the left. */
function joining(lanes: number, at: number, other: number): string {
  let row = '|'
  for (let lane = 1; lane < lanes; lane++) {
    if (lane < other) row += lane > at ? '_|' : ' |'
    else row += lane === other ? '/' : ' /'
  }
  return shown(row)
}

/** `| / /`: the line before column `at` has ended; those to its right, `lanes` in all by now, move one to the left. */
function ending(lanes: number, at: number): string {
  let row = ''
  for (let lane = 0; lane < lanes; lane++) row += lane < at ? '| ' : ' /'
  return shown(row)
}

/** `| |\ \`: a line opens to the right of column `at`; those to its right move one to the right. */
function opening(lanes: number, at: number): string {
  let row = ''
  for (let lane = 0; lane < lanes; lane++) row += lane < at ? '| ' : lane === at ? '|\\' : ' \\'
  return shown(row)
}

/** A line that has ended does not go on beside further text. */
function blank(row: string, at: number): string {
  return shown(`${row.padEnd(2 * at + 1).slice(0, 2 * at)} ${row.slice(2 * at + 1)}`)
}

function shown(row: string): string {
  const text = row.trimEnd()
  return text.length <= 2 * LANES_SHOWN ? text : `${text.slice(0, 2 * LANES_SHOWN)}…`
}
