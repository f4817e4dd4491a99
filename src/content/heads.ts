/**
 * Which version of a page is its head. There is always one answer, and always the reason
 * for it. The rules stand in the order in which they decide; later parts of the system add
 * theirs (a group's count, bookmarks) before these. Never the newest by claimed time:
 * time is only claimed.
 */
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import type { VerifiedVersion } from './block.ts'
import type { Page } from './space.ts'
import { tipsOf } from './tips.ts'

export interface Head {
  version: VerifiedVersion
  /** The rule that decided. */
  why: 'only tip' | 'owner of the space' | 'most trusted author' | 'smallest id'
  /** The tips that it was chosen from, in order of id. */
  tips: VerifiedVersion[]
}

export interface HeadResolver {
  /** The head of `page` among these versions of it; undefined where there are none. Same versions, same head, in any order. */
  resolveVersion(page: Page, versions: readonly VerifiedVersion[]): Head | undefined
}

/** How much an author is trusted, from 0 up. */
export type TrustOf = (entity: Uint8Array) => number

/** Heads as far as a single reader goes: the owner's tip, the most trusted author's, the smallest id. */
export function ownHeads(trustOf: TrustOf = () => 0): HeadResolver {
  return {
    resolveVersion(page, versions) {
      const tips = versionTips(versions)
      const first = tips[0]
      if (first === undefined) return undefined
      if (tips.length === 1) return { version: first, why: 'only tip', tips }
      const owners = tips.filter(
        ({ record }) => page.space.type === 'entity' && equalBytes(record.signer, page.space.id),
      )
      if (owners.length === 1) return { version: owners[0]!, why: 'owner of the space', tips }
      const candidates = owners.length > 0 ? owners : tips
      const trusts = candidates.map(({ record }) => trustOf(record.signer))
      const best = Math.max(...trusts)
      const trusted = candidates.filter((_, i) => trusts[i] === best)
      return { version: trusted[0]!, why: trusted.length === 1 ? 'most trusted author' : 'smallest id', tips }
    },
  }
}

/** The versions that nothing else replaces, in order of id. */
export function versionTips(versions: readonly VerifiedVersion[]): VerifiedVersion[] {
  const byId = new IdMap<VerifiedVersion>()
  for (const one of versions) byId.set(one.id, one)
  return tipsOf([...byId.values()].map(({ record }) => record))
    .map(({ id }) => byId.get(id)!)
    .sort((a, b) => compareBytes(a.id, b.id))
}
