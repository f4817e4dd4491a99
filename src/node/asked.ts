/** Who was asked, over several looks at the same thing. */
import { IdMap } from '../base/id-map.ts'
import type { Asked } from './fetching.ts'

/** Each peer once, with what it said last; one that told something once did. */
export function eachOnce(asked: Iterable<Asked>): Asked[] {
  const all = new IdMap<Asked>()
  for (const one of asked) if (all.get(one.device)?.answer !== 'found') all.set(one.device, one)
  return [...all.values()]
}

/** How many told something of what was asked for. */
export function tellersAmong(asked: readonly Asked[]): number {
  return asked.filter(({ answer }) => answer === 'found').length
}
