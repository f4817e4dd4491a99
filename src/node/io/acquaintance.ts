/**
 * Whom this home trusts where others differ about a page: its own person, and those to whom that person gave a
 * name. Until trust is reckoned from more than that, whoever has no name adds nothing to a bookmark.
 */
import { statSync } from 'node:fs'
import { IdSet } from '../../base/id-map.ts'
import type { TrustOf } from '../../content/heads.ts'
import { namesPath, readNames } from './names-file.ts'

/** The file is looked at again after so long: a head is weighed with hundreds of questions at once. */
const FRESH_MS = 1_000

/** 1 for `own` and for who has a name, 0 for others. A file that cannot be read leaves those who were known. */
export function acquaintance(home: string, own: Uint8Array, nowMs: () => number): TrustOf {
  let known = new IdSet([own])
  let lookedMs = Number.NEGATIVE_INFINITY
  let seen = ''
  const look = (): void => {
    const stat = statSync(namesPath(home), { throwIfNoEntry: false })
    const found = stat === undefined ? '' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`
    if (found === seen) return
    known = new IdSet([own, ...readNames(home).map(({ entity }) => entity)])
    seen = found
  }
  return (entity) => {
    if (nowMs() - lookedMs >= FRESH_MS) {
      lookedMs = nowMs()
      try {
        look()
      } catch {
        // Whoever uses a name is told what is wrong with the file; a page is shown all the same.
      }
    }
    return known.has(entity) ? 1 : 0
  }
}
