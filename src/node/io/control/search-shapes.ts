/** What searching and links answer, as JSON; see `shapes.ts`. */
import { idToText } from '../../../base/text-id.ts'
import { type Page, pageToText } from '../../../content/space.ts'
import type { Backlinks, BrokenLinks, FoundPage, PageLink, SearchSummary } from '../../search/results.ts'

export type FoundJson = ReturnType<typeof foundJson>
export type SearchDoneJson = ReturnType<typeof searchDoneJson>
export type LinkJson = ReturnType<typeof linkJson>
export type BacklinkJson = ReturnType<typeof backlinkJson>
export type BrokenLinkJson = ReturnType<typeof brokenLinkJson>

export function foundJson(found: FoundPage) {
  const { page, id, author, timeMs, title, snippet, score, isHere, answeredBy } = found
  return {
    type: 'result' as const,
    page: pageToText(page),
    id: idToText(id),
    author: idToText(author),
    timeMs,
    title,
    /** `marks`: where the words stand, in UTF-16 units. */
    snippet: { text: snippet.text.toWellFormed(), marks: snippet.marks },
    score: Math.round(score * 1000) / 1000,
    isHere,
    answeredBy: answeredBy.map(idToText),
  }
}

export function searchDoneJson({ found, isWhole, shards, share, asked }: SearchSummary) {
  return {
    type: 'done' as const,
    found,
    isWhole,
    shards,
    share,
    asked: asked.map(({ device, answer }) => ({ device: idToText(device), answer })),
  }
}

export function linkJson({ target, section, page, state, leadsTo }: PageLink) {
  return { target, section: section ?? null, page: maybePage(page), state, leadsTo: maybePage(leadsTo) }
}

export function backlinkJson({ page, via }: Backlinks['links'][number]) {
  return { page: pageToText(page), via: maybePage(via) }
}

export function brokenLinkJson({ from, to, state }: BrokenLinks['links'][number]) {
  return { from: pageToText(from), to: pageToText(to), state }
}

function maybePage(page: Page | undefined): string | null {
  return page === undefined ? null : pageToText(page)
}
