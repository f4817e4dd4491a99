/** What nodes were asked to do and what they said of it: what the checkers hold a network to. */
import type { Page } from '../content/space.ts'
import type { SimNode } from './node.ts'

/** A version that its publisher was told is stored. */
export interface Published {
  author: SimNode
  /** Life of the author's store in which it was said. */
  incarnation: Uint8Array
  page: Page
  id: Uint8Array
  text: Uint8Array
  batches: Uint8Array[]
  /** Copies that its publisher was told there are, besides its own; undefined where it was not told that the page is held. */
  copies: number | undefined
}

/** What a reader elsewhere got when it asked for the newest version of a page. */
export interface Read {
  reader: SimNode
  published: Published
  text: Uint8Array | undefined
  /** Why there was none. */
  failure: string | undefined
}

/** The history of a page as one node knows it. */
export interface Known {
  node: SimNode
  page: Page
  versions: Uint8Array[]
  head: Uint8Array | undefined
}

export class Ledger {
  readonly published: Published[] = []
  readonly reads: Read[] = []
  readonly known: Known[] = []
  /** Nodes whose store was put back to what it was earlier. */
  readonly restored = new Set<SimNode>()
  /** Nodes that are meant to do wrong; whatever is noted of them is right. */
  readonly dishonest = new Set<SimNode>()
}
