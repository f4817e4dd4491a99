/** What searching and links are asked, and what they answer. */
import type { Snippet } from '../../content/search/snippet.ts'
import type { Page, Space } from '../../content/space.ts'

/** Commands of a node that find pages. */
export type FindingCommand =
  /** Pages with these words: what is here first, then what at most 8 shards have, as progress of type `FoundPage`. */
  | SearchCommand
  /** Where a page's links lead. */
  | { type: 'links'; page: Page; untilMs: number }
  /** The pages here that link to a page. */
  | { type: 'backlinks'; page: Page; untilMs: number }
  /** The links of pages here, of one space or of all, that lead nowhere. */
  | { type: 'broken'; space: Space | undefined; limit: number; untilMs: number }

export interface FindingAnswers {
  search: SearchSummary
  links: PageLinks
  backlinks: Backlinks
  broken: BrokenLinks
}

export interface Asking {
  words: string
  limit: number
  space?: Space | undefined
}

/** A page that was found. */
export interface FoundPage {
  page: Page
  id: Uint8Array
  /** Who signed it. */
  author: Uint8Array
  timeMs: number
  title: string
  snippet: Snippet
  /** By this node's own index, whoever sent it. Only of use beside others of the same search. */
  score: number
  isHere: boolean
  /** Devices that sent it; none for what is here. */
  answeredBy: Uint8Array[]
}

export interface SearchSummary {
  found: number
  /** Whether all pages that are here were looked at. */
  isWhole: boolean
  shards: { all: number; asked: number; answered: number }
  /** Share of the keyspace that is kept by those who answered, and here; by their claims. */
  share: number
  asked: { device: Uint8Array; answer: 'answered' | 'unsupported' | 'refused' | 'unreachable' | 'bad' }[]
}

export interface SearchCommand extends Asking {
  type: 'search'
  isLocal: boolean
  untilMs: number
}

/** `unknown`: it is not here, and whether it exists was not to be found out. */
export type LinkState = 'ok' | 'broken' | 'unknown'

export interface PageLink {
  /** As it is named in the text. */
  target: string
  section: string | undefined
  /** Undefined where the name is none that a page could have: such a link is broken. */
  page: Page | undefined
  state: LinkState
  /** Where a redirect leads from there. */
  leadsTo: Page | undefined
}

export interface PageLinks {
  page: Page
  id: Uint8Array
  links: PageLink[]
}

export interface Backlinks {
  page: Page
  /** In order of their paths; `via` the page that redirects to this one. */
  links: { page: Page; via: Page | undefined }[]
  /** Whether all pages that are here were looked at. */
  isWhole: boolean
}

export interface BrokenLinks {
  links: { from: Page; to: Page; state: 'broken' | 'unknown' }[]
  isWhole: boolean
}
