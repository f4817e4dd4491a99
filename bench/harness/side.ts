/**
 * What a system must offer to be measured: a *side*. A side module exports `side: Side`; the harness runs its
 * publisher A and its fetcher B in a fresh child process each (`child.ts` and `side-process.ts`), holds the
 * clock, and counts what came out, so that a side cannot time or praise itself.
 *
 *     harness            A = startPublisher          B = startFetcher
 *        │ importPages ────▶│ pages stored, ids back      │
 *        │ serve ──────────▶│ address back                │
 *        │ connect ─────────┼────────────────────────────▶│ bare encrypted connection is open
 *        │ fetch ───────────┼──────── clock starts ──────▶│ everything of the protocol, first hello included
 *        │                  │◀══════════ pages ══════════▶│
 *        │◀─────────────────┼──────── clock stops ────────│ last page verified, decompressed and stored
 *        │ read ────────────┼────────────────────────────▶│ each page again from B's own store: bytesEqual
 *
 * Traffic stays on 127.0.0.1. `bootstrap` names the seeds of the private DHT that the harness started.
 */

/** A page to publish. `markdown` is in Sheaf's normal form; `path` is a legal page path, unique in its corpus. */
export interface Page {
  readonly path: string
  readonly markdown: string
}

/** Where a side may live: an empty directory of its own, and the seeds of the private DHT. */
export interface SideOptions {
  readonly homeDir: string
  readonly bootstrap: readonly { host: string; port: number }[]
  /** Whether work comes at once: a side that gets itself ready beyond being able to answer does not wait for that. */
  readonly isHurried?: boolean
}

/** What B needs to find A: plain JSON, made by `serve` and read by `connect` and `startHolder` of the same side. */
export type Address = Readonly<Record<string, string | number>>

/** The work B did in one `fetch`. A count that the side does not do at all is 0, never assumed. */
export interface FetchWork {
  /** Pages whose bytes were checked against the id or the signature that was asked for. */
  readonly verified: number
  /** Pages that arrived compressed and were decompressed. */
  readonly decompressed: number
  /** Bytes of the page bodies as they crossed the wire, without framing. */
  readonly receivedBytes: number
}

export interface Publisher {
  /**
   * Publishes all pages and answers with one id a page, in their order. Resolves when every page is as durable
   * as `Side.durability.import` says. `mode` is one of `Side.importModes`.
   */
  importPages(pages: readonly Page[], mode: string): Promise<string[]>
  /** Publishes one page. Resolves when it is as durable as `Side.durability.single` says. */
  publish(page: Page): Promise<string>
  /** Publishes one page and resolves when every holder that has joined has promised to keep it. */
  publishHeld?(page: Page): Promise<string>
  /** Begins to answer strangers and says where. */
  serve(): Promise<Address>
  /** Resolves when what was published is where it is to be, and nothing more happens by itself. */
  settled?(): Promise<void>
  /** Bytes sent and received since the start, the DHT's among them. */
  trafficBytes?(): number
  close(): Promise<void>
}

export interface Fetcher {
  /** Resolves when the bare connection to A is open; channels, hellos and work belong to the first request. */
  connect(address: Address): Promise<void>
  /**
   * Gets every id, in this order, with at most `concurrency` requests in flight. Resolves when the last page is
   * verified, decompressed and in B's store.
   */
  fetch(ids: readonly string[], concurrency: number): Promise<FetchWork>
  /** Asks for one page and resolves with its markdown when it is verified; nothing else is in flight. */
  query(id: string): Promise<string>
  /** The page's markdown from B's own store, without asking anybody. */
  read(id: string): Promise<string | undefined>
  close(): Promise<void>
}

/** A peer that keeps what the publisher at an address asks it to keep. */
export interface Holder {
  close(): Promise<void>
}

/** `written`: survives the death of the process. `synced`: survives power loss as well. */
export type Durability = 'written' | 'synced'

export interface Side {
  readonly name: string
  readonly about: string
  /** Requests in flight to try; the fetch benches measure at the fastest. */
  readonly concurrencies: readonly number[]
  /** Ways to import; the first is what the fetch benches prepare with. */
  readonly importModes: readonly string[]
  readonly durability: { readonly import: Durability; readonly single: Durability }
  /** Why this side cannot run here and the command that mends it; undefined where it can run. */
  missing(): string | undefined
  startPublisher(options: SideOptions): Promise<Publisher>
  startFetcher(options: SideOptions): Promise<Fetcher>
  /** Starts a holder that has an open session with the publisher when this resolves. */
  startHolder?(options: SideOptions, address: Address): Promise<Holder>
}

/** Each baseline is measured at the best of these. */
export const CONCURRENCIES = [1, 8, 32, 64] as const
