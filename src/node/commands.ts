/**
 * What the faces can ask of a node: commands as data, answers as data. The control API
 * offers exactly these, the CLI and the web page go through it.
 */
import type { FileDraft } from '../content/file.ts'
import type { HeadChoice } from '../content/heads.ts'
import type { PieceEntry } from '../content/piece.ts'
import type { Profile } from '../content/profile.ts'
import type { Page, Space } from '../content/space.ts'
import type { ClockSkew } from './clock-skew.ts'
import type { Declared, GatheredRecords, Machines, SaidHad, ShownProfile } from './entity-answers.ts'
import type { Asked } from './fetching.ts'
import type { Followed, Subject } from './followed.ts'
import type { KeyAnswers, KeyCommand, Rotated, Rotation } from './key-commands.ts'
import type { OldVersion } from './old-version.ts'
import type { Rule, RuleChange } from './rules.ts'
import type { FindingAnswers, FindingCommand, FoundPage } from './search/results.ts'
import type { ScrubReport } from './store.ts'
import type { Blamed, Compared, LoggedVersion, Merging, Recent } from './version-answers.ts'

export interface PageInput {
  path: string
  /** Markdown in normal form; undefined deletes the page, leads to `redirect`, or puts a `file` there. */
  text: Uint8Array | undefined
  redirect?: Page
  /** Its pieces were stowed before, but for an only one. */
  file?: FileDraft
  /** A version whose file it puts there. */
  fileOf?: Uint8Array
  /** Somebody else's, for a proposal beside what its owner says, or a group's: these need `parents`. This node's own where absent. */
  space?: Space
  /** What it was made from. Where something newer is the head, it is *stale* and not stored. Absent: what this author has there. */
  parents?: readonly Uint8Array[]
  /** Stores it beside what is newer. */
  isFork?: boolean
}

export type Command =
  /** Seals and stores pages, at most 256 at a time. `index`: sign the space's index too, as the last of several does. `untilMs`: how long peers may be asked for newer versions of pages with parents; not at all where absent. */
  | { type: 'publish'; pages: PageInput[]; summary: string; index: boolean; untilMs?: number }
  /** Signs and stores records of ours that are no pages; answers when they are written. At most DECLARED_MAX at a time. */
  | { type: 'declare'; records: Declared[] }
  /** The verified records of a kind at a locator, from here and, unless `isLocal`, from keepers. */
  | {
      type: 'records'
      locator: Uint8Array
      kind: number
      signer?: Uint8Array
      isLocal?: boolean
      untilMs: number
    }
  /** What an entity says of itself. */
  | { type: 'profile'; entity: Uint8Array; untilMs: number }
  /** Says it of this node's own, in the place of what was said before. */
  | { type: 'describe'; profile: Omit<Profile, 'replaces'> }
  /** The machines that an entity certified, which of them it revoked, and what each said that it has. */
  | { type: 'machines'; entity: Uint8Array; untilMs: number }
  /** Publishes what this machine has, at once; nothing is written where that was said already. */
  | { type: 'sayHad' }
  /** Waits until these batches are held by min(5, N) peers, or no progress was made for `patienceMs`. Tells progress as `HeldProgress`. */
  | { type: 'held'; batches: Uint8Array[]; patienceMs: number }
  /** The head of a page, or one version by id. `isFresh`: peers are asked about a page of our own space, too. */
  | { type: 'get'; target: Target; untilMs: number; isFresh?: boolean }
  /** Stores pieces of a file of our own that is to be published; `parts` are cut as `pieceOf` takes them. Without any it only says whether all of it fits. */
  | { type: 'stow'; fileHash: Uint8Array; fileBytes: number; parts: Uint8Array[] }
  /** Stores versions of our own space that were made elsewhere and earlier, at most 256, parents before those that follow them. */
  | { type: 'replay'; versions: OldVersion[]; index: boolean }
  /** Bytes of a version that is a file: from `from` on and before `to`, at most READ_BYTES_MAX. */
  | { type: 'read'; id: Uint8Array; from: number; to: number; untilMs: number }
  /** Blocks by id onto our shelf, many at once. */
  | { type: 'fetch'; ids: Uint8Array[]; untilMs: number }
  /** All versions of a page and what they came from, also on other pages. */
  | FindingCommand
  | { type: 'log'; page: Page; untilMs: number; isFresh?: boolean }
  /** What changed between two versions; where `from` is absent, from the first parent on. */
  | { type: 'diff'; from?: Target; to: Target; untilMs: number }
  /** Signs and stores what a version of ours changed. */
  | { type: 'publishDiff'; from?: Target; to: Target; untilMs: number }
  /** What a version, or a text that is not published yet, makes with another version of the page; with its head where `theirs` is absent. */
  | {
      type: 'merge'
      page: Page
      ours: { id: Uint8Array } | { text: Uint8Array; parents: readonly Uint8Array[] }
      theirs?: Uint8Array
      untilMs: number
      isFresh?: boolean
    }
  /** For this node's entity the head of a page is this version; without one, it takes that back. */
  | { type: 'bookmark'; page: Page; version?: Uint8Array; untilMs: number }
  /** Who brought each line. */
  | { type: 'blame'; target: Target; untilMs: number }
  /** The newest versions of a space, at most RECENT_MAX. */
  | { type: 'recent'; space: Space; count: number; untilMs: number }
  | { type: 'where'; target: Target; untilMs: number }
  | { type: 'list'; space: Space; untilMs: number }
  /** Paths of the pages that something lies here of, also where the list of the space has them no more. */
  | { type: 'kept'; space: Space }
  /** Every page of a space, or those of its list that are named, as progress of type `ExportedPage`, in no particular order. */
  | { type: 'export'; space: Space; untilMs: number; pages?: ListedPage[] }
  /** Follows a page, or all that a person or group says of its space, from now on and over restarts: new versions are kept, and told as events. */
  | { type: 'follow'; subject: Subject; untilMs: number }
  | { type: 'unfollow'; subject: Subject }
  | { type: 'following' }
  /** Puts the operator's rules into force, in place of those before. */
  | { type: 'obey'; rules: readonly Rule[] }
  | KeyCommand
  | { type: 'status' }
  | { type: 'peers' }

/** A command whose deadline, which whoever gave it took from the wall clock, is on another one that is `aheadMs` ahead of that. */
export function onOurClock(command: Command, aheadMs: number): Command {
  if (!('untilMs' in command) || command.untilMs === undefined) return command
  return { ...command, untilMs: command.untilMs + aheadMs }
}

/** Versions of one answer about what is recent. */
export const RECENT_MAX = 1000

export type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

export type Target = { page: Page } | { id: Uint8Array }

export interface ListedPage {
  path: string
  version: Uint8Array
}

export interface Answers extends FindingAnswers, KeyAnswers {
  publish: Published
  declare: { ids: Uint8Array[]; batches: Uint8Array[] }
  publishDiff: { id: Uint8Array; batches: Uint8Array[] }
  records: GatheredRecords
  profile: ShownProfile
  describe: { ids: Uint8Array[]; batches: Uint8Array[] }
  machines: Machines
  sayHad: SaidHad
  held: HeldProgress
  stow: PieceEntry[]
  replay: Published
  read: Uint8Array
  get: GotPage
  fetch: FetchSummary
  log: LoggedVersion[]
  diff: Compared
  merge: Merging
  bookmark: { ids: Uint8Array[]; batches: Uint8Array[] }
  blame: Blamed
  recent: Recent
  where: Whereabouts
  list: ListedPage[]
  kept: string[]
  export: ExportSummary
  follow: Followed & { isNew: boolean }
  unfollow: { wasFollowed: boolean }
  following: Followed[]
  /** How many connections it ended. */
  obey: { ended: number }
  status: Status
  peers: PeerStatus[]
}

/** What a command tells on its way. */
export type CommandProgress = HeldProgress | ExportedPage | FoundPage

export interface Published {
  /** `id` of a stale one is that of the head, which its parents have not seen; it is not stored. */
  pages: { space: Space; path: string; id: Uint8Array; status: 'stored' | 'unchanged' | 'stale' }[]
  /** The batches to wait for, by root: those just written, and those with unchanged pages that still lack holders. */
  batches: Uint8Array[]
}

export interface HeldProgress {
  /** Holders of the batch that has fewest. */
  held: number
  /** min(5, N) for the N peers that accept stores at this moment. */
  target: number
  /** Peers with an open session that accept stores. */
  peers: number
  /** Batches that have reached the target, of all. */
  batchesHeld: number
  batches: number
  isHeld: boolean
}

export interface GotPage {
  page: Page
  id: Uint8Array
  author: Uint8Array
  timeMs: number
  summary: string
  parents: Uint8Array[]
  why: string
  /** Each step that left something aside on the way to this version. */
  choices: HeadChoice[]
  /** Other tips than the one shown. */
  otherTips: Uint8Array[]
  /** Empty where it is a file. */
  text: Uint8Array
  file?: GotFile | undefined
  /** The page that was asked for, where a redirect led here. */
  redirectedFrom: Page | undefined
  /** Who was asked; empty where the answer was at hand. */
  asked: Asked[]
}

export interface GotFile {
  mediaType: string
  fileBytes: number
  /** SHA-256 of all its bytes. */
  fileHash: Uint8Array
}

export interface FetchSummary {
  /** Verified and stored, or here already. */
  found: number
  /** Bytes of the blocks that peers sent. */
  bytes: number
  /** Texts that were decompressed on the way. */
  texts: number
  missing: { id: Uint8Array; asked: Asked[] }[]
}

export interface Whereabouts {
  id: Uint8Array
  isHere: boolean
  holders: {
    device: Uint8Array
    entity: Uint8Array | undefined
    provenMs: number
    untilMs: number | undefined
    isConnected: boolean
  }[]
  target: number
  /** Still waiting in the outbox for holders. */
  isPending: boolean
  asked: Asked[]
}

export interface ExportedPage {
  path: string
  id: Uint8Array
  /** Empty where it is a file: its bytes are read by the id. */
  text: Uint8Array
  file?: GotFile | undefined
}

export interface ExportSummary {
  pages: number
  found: number
  /** Pages of the index that nobody delivered in time. */
  missing: { path: string; id: Uint8Array; asked: Asked[] }[]
}

export interface Status {
  entity: Uint8Array | undefined
  device: Uint8Array
  incarnation: Uint8Array
  network: string
  startedMs: number
  nowMs: number
  peers: number
  peersAcceptingStores: number
  /** `usedBytes` counts against the quota: the bytes of the blocks, and what they take in the index. `trouble`: why nothing can be written at present. */
  stored: {
    blocks: number
    bytes: number
    damaged: number
    usedBytes: number
    quotaBytes: number
    trouble?: string
  }
  shard: { depth: number; address: Uint8Array }
  /** Batches of our own that have fewer holders than the target, and the oldest of them. */
  pendingBatches: number
  oldestPendingMs: number | undefined
  queriesServed: number
  queriesWaiting: number
  lastError: string | undefined
  /** Our clock against those of the connected peers. */
  clock: ClockSkew | undefined
}

/** What other nodes of the DHT say of this one. */
export interface Reachability {
  /** As they see it: null where they see it under no one address, 0 for no one port. */
  host: string | null
  port: number
  /** Nobody reaches it but who it has called itself. */
  isFirewalled: boolean
  /** Behind a NAT that gives every destination another port. */
  isRandomized: boolean
}

export interface PeerStatus {
  device: Uint8Array
  entity: Uint8Array | undefined
  session: 'none' | 'open'
  acceptsStores: boolean
  score: number
  why: string[]
  /** How long the connection has lasted. */
  connectedMs: number
}

/** What a backup holds. */
export interface BackupSummary {
  path: string
  blocks: number
  notes: number
  bytes: number
  hasKeys: boolean
}

/** The node as its faces see it: one call for each command. Failures are SheafErrors. */
export interface NodeApi {
  run<T extends Command['type']>(
    command: Extract<Command, { type: T }>,
    progress?: (value: CommandProgress) => void,
    /** Whoever asks has left: what only looks for something then ends with CANCELLED, what writes goes on. */
    signal?: AbortSignal,
  ): Promise<Answers[T]>
  /** Id of the last event so far; 0 where there was none. */
  lastEvent(): number
  /** Events from `since` (exclusive) on that are still kept, then new ones as they happen, until `signal` aborts. Ids increase by one. */
  events(
    since: number,
    signal: AbortSignal,
  ): AsyncIterable<{ id: number; timeMs: number; type: string; [field: string]: unknown }>
  /** Writes a new file at an absolute path, with or without the keys of this machine. `tell` hears of the blocks so far. */
  backup(
    path: string,
    options: { withKeys: boolean; signal: AbortSignal },
    tell: (blocks: number) => void,
  ): Promise<BackupSummary>
  /** Reads back the whole store. `tell` hears of the blocks so far. */
  verify(tell: (blocks: number) => void): Promise<ScrubReport>
  /** The operator's rules. */
  rules(): readonly Rule[]
  /** Changes them, on disk first, then in the node; how many connections that ended, and whether anything is other than before. */
  rule(change: RuleChange): Promise<{ isChanged: boolean; ended: number }>
  /** Takes the next key of this node's entity and keeps it for good. Errors: those of the command `rotate`, BAD_KEY. */
  rotate(rotation: Rotation): Promise<Rotated>
  /** Ends the daemon cleanly. */
  stop(): void
  setLogLevel(level: string): void
  /** How the DHT sees this node; undefined where it has not told yet. */
  reachability(): Reachability | undefined
}
