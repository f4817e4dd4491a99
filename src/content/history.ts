/**
 * The history of a page as a graph: which version came from which.
 *
 *     a ── b ── d      heads: d, f      f has a parent that is not known here
 *      └── c ──┘ (x) ── f
 *
 * The same versions give the same graph in any order of arrival, and what they claim of time plays no
 * part: a child may be older than its parent, and a parent may be unknown or lie on another page. All
 * of it is worked out in steps of a loop, as many as there are versions and parents named.
 */
import { SheafError } from '../base/errors.ts'
import { compareBytes } from '../base/hash.ts'
import { Heap } from '../base/heap.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import type { VerifiedVersion } from './block.ts'

/** What the graph needs to know of a version. */
export interface HistoryEntry {
  readonly id: Uint8Array
  readonly parents: readonly Uint8Array[]
  /** Whether it lies in its signer's own space: there nobody else replaces it. */
  readonly isOwners?: boolean
}

/** A version with its place in the graph. */
export interface VersionEntry extends HistoryEntry {
  readonly version: VerifiedVersion
}

export class History<E extends HistoryEntry> {
  /** In order of id: the place in this list stands for an entry everywhere below. */
  readonly #entries: readonly E[]
  readonly #places = new IdMap<number>()
  readonly #parents: readonly (readonly number[])[]
  readonly #children: readonly (readonly number[])[]
  /** Places, parents before children. */
  readonly #order: readonly number[]
  readonly #heads: readonly number[]

  /** Of entries with one id the first is taken. Throws BAD_FORMAT where the parents go round in a circle, which ids that are hashes cannot. */
  constructor(entries: Iterable<E>) {
    const distinct = new IdMap<E>()
    for (const entry of entries) if (!distinct.has(entry.id)) distinct.set(entry.id, entry)
    this.#entries = [...distinct.values()].sort((a, b) => compareBytes(a.id, b.id))
    for (const [place, { id }] of this.#entries.entries()) this.#places.set(id, place)
    this.#parents = this.#entries.map(({ parents }) => this.#placesOf(parents))
    this.#children = childrenOf(this.#parents)
    this.#order = topological(this.#parents, this.#children)
    const isReplaced = replaced(
      this.#entries.map(({ isOwners }) => isOwners === true),
      this.#parents,
    )
    this.#heads = [...this.#entries.keys()].filter((place) => !isReplaced[place])
  }

  get size(): number {
    return this.#entries.length
  }

  get(id: Uint8Array): E | undefined {
    const place = this.#places.get(id)
    return place === undefined ? undefined : this.#entries[place]
  }

  has(id: Uint8Array): boolean {
    return this.#places.has(id)
  }

  /** All entries, parents before children; of those that could come next the one with the smallest id does. */
  get inOrder(): E[] {
    return this.#entriesAt(this.#order)
  }

  /** What nothing else replaces, in order of id. More than one is a fork. */
  get heads(): E[] {
    return this.#entriesAt(this.#heads)
  }

  /** Entries without a parent that is known here, in order of id. */
  get roots(): E[] {
    return this.#entries.filter((_, place) => this.#parents[place]!.length === 0)
  }

  /** Parents that are named and not known here, in order of id. */
  get missing(): Uint8Array[] {
    const ids = new IdSet()
    for (const { parents } of this.#entries) {
      for (const id of parents) if (!this.#places.has(id)) ids.add(id)
    }
    return [...ids].sort(compareBytes)
  }

  /** The known parents, in the order in which the entry names them. */
  parents(id: Uint8Array): E[] {
    const place = this.#places.get(id)
    return place === undefined ? [] : this.#entriesAt(this.#parents[place]!)
  }

  /** Entries that name this one as a parent, in order of id. */
  children(id: Uint8Array): E[] {
    const place = this.#places.get(id)
    return place === undefined ? [] : this.#entriesAt(this.#children[place]!)
  }

  /** These entries and all that they came from, parents before children. */
  ancestors(...ids: readonly Uint8Array[]): E[] {
    const isReached = this.#reached(ids)
    return this.#entriesAt(this.#order.filter((place) => isReached[place]))
  }

  /** Whether `descendant` came from `ancestor`; a version is its own ancestor. */
  isAncestor(ancestor: Uint8Array, descendant: Uint8Array): boolean {
    const place = this.#places.get(ancestor)
    return place !== undefined && this.#reached([descendant])[place] === 1
  }

  /**
   * The ancestors that two versions share and that no other shared one came from, in order of id.
   * None where no shared one is known; several where merges crossed.
   */
  mergeBases(one: Uint8Array, other: Uint8Array): E[] {
    return this.mergeBasesOf([one], [other])
  }

  /** The same for what several versions came from together, on both sides. */
  mergeBasesOf(ones: readonly Uint8Array[], others: readonly Uint8Array[]): E[] {
    const [ofOnes, ofOthers] = [this.#reached(ones), this.#reached(others)]
    const shared = this.#order.filter((place) => ofOnes[place] && ofOthers[place])
    const hasNewer = new Set(shared.flatMap((place) => this.#parents[place]!))
    return this.#entriesAt(shared.filter((place) => !hasNewer.has(place)).sort((a, b) => a - b))
  }

  #placesOf(ids: readonly Uint8Array[]): number[] {
    return ids.flatMap((id) => this.#places.get(id) ?? [])
  }

  #entriesAt(places: readonly number[]): E[] {
    return places.map((place) => this.#entries[place]!)
  }

  /** Marks the entries and all their ancestors. */
  #reached(ids: readonly Uint8Array[]): Uint8Array {
    const marks = new Uint8Array(this.#entries.length)
    const open = this.#placesOf(ids)
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (marks[place]) continue
      marks[place] = 1
      open.push(...this.#parents[place]!)
    }
    return marks
  }
}

/** The history that these versions make, of one page or of several that a rename joined. */
export function historyOf(versions: readonly VerifiedVersion[]): History<VersionEntry> {
  return new History(
    versions.map((version) => ({
      id: version.id,
      parents: version.version.parents,
      isOwners: isOwners(version),
      version,
    })),
  )
}

function isOwners({ record, version }: VerifiedVersion): boolean {
  return version.space.type === 'entity' && compareBytes(version.space.id, record.signer) === 0
}

/**
 * Marks what is replaced, by place. A version replaces those that it names as parents; but in a
 * person's space only the owner replaces what the owner said: a version that somebody else puts on top
 * is a proposal beside it, and hides nothing, until a version of the owner's came from it.
 */
export function replaced(isOwners: readonly boolean[], parents: readonly (readonly number[])[]): Uint8Array {
  const marks = new Uint8Array(parents.length)
  const isSeen = new Uint8Array(parents.length)
  const open: number[] = []
  for (const [place, named] of parents.entries()) {
    if (isOwners[place]) open.push(...named)
    else for (const parent of named) if (!isOwners[parent]) marks[parent] = 1
  }
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (isSeen[place]) continue
    isSeen[place] = 1
    marks[place] = 1
    open.push(...parents[place]!)
  }
  return marks
}

function childrenOf(parents: readonly (readonly number[])[]): number[][] {
  const children: number[][] = parents.map(() => [])
  for (const [place, named] of parents.entries()) for (const parent of named) children[parent]!.push(place)
  return children
}

/** Kahn's algorithm (1962), with a heap for what may come next. */
function topological(
  parents: readonly (readonly number[])[],
  children: readonly (readonly number[])[],
): number[] {
  const waitsFor = parents.map(({ length }) => length)
  const ready = new Heap<number>()
  for (const [place, count] of waitsFor.entries()) if (count === 0) ready.push(place, place)
  const order: number[] = []
  for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
    order.push(place)
    for (const child of children[place]!) {
      waitsFor[child]! -= 1
      if (waitsFor[child] === 0) ready.push(child, child)
    }
  }
  if (order.length < parents.length)
    throw new SheafError('BAD_FORMAT', 'a history that goes round in a circle')
  return order
}
