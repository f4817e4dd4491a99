/**
 * What of a page's history is news to somebody who was told of some of its versions. Late arrivals from
 * before those are none; a fork beside them is. Any order of arrival gives the same in the end.
 *
 *     a ── b ── c      told of b: c and e are news, a is not
 *           ╲ ─ d?     d, which is not here, is not known to lie behind anything
 *     e
 */
import { compareBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'

export interface Dated {
  id: Uint8Array
  parents: readonly Uint8Array[]
  timeMs: number
}

/** Those that are not `seen`, nor behind one that is; parents before their children, else by claimed time and id. */
export function newsAmong<V extends Dated>(all: readonly V[], seen: Iterable<Uint8Array>): V[] {
  const known = new IdMap<V>()
  for (const one of all) known.set(one.id, one)
  const old = new IdSet()
  const behind = [...seen]
  for (let id = behind.pop(); id !== undefined; id = behind.pop())
    if (old.add(id)) behind.push(...(known.get(id)?.parents ?? []))
  return inOrder([...known.values()].filter(({ id }) => !old.has(id)))
}

/**
 * What was told once all of these are: the tips first, then as many of the others, the latest first, as fit. The tips would
 * do, if it were certain that everything behind them is here.
 */
export function seenWith(all: readonly Dated[], seen: Iterable<Uint8Array>, max: number): Uint8Array[] {
  const replaced = new IdSet(all.flatMap(({ parents }) => parents))
  const ids = [...all].sort((a, b) => b.timeMs - a.timeMs || compareBytes(a.id, b.id)).map(({ id }) => id)
  const tips = [...ids, ...seen].filter((id) => !replaced.has(id))
  return [...new IdSet([...tips, ...ids, ...seen])].slice(0, max)
}

function inOrder<V extends Dated>(news: readonly V[]): V[] {
  const waiting = new IdMap<{ one: V; parents: number; children: V[] }>()
  for (const one of news) waiting.set(one.id, { one, parents: 0, children: [] })
  for (const one of news) {
    for (const parent of new IdSet(one.parents)) {
      const above = waiting.get(parent)
      if (above === undefined) continue
      above.children.push(one)
      waiting.get(one.id)!.parents += 1
    }
  }
  const ready = [...waiting.values()].filter(({ parents }) => parents === 0).map(({ one }) => one)
  ready.sort((a, b) => a.timeMs - b.timeMs || compareBytes(a.id, b.id))
  const ordered: V[] = []
  for (let at = 0; at < ready.length; at++) {
    const one = ready[at]!
    ordered.push(one)
    for (const child of waiting.get(one.id)!.children) {
      const entry = waiting.get(child.id)!
      entry.parents -= 1
      if (entry.parents === 0) ready.push(child)
    }
  }
  return ordered
}
