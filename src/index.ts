/**
 * The library: what the `sheaf` command does can be done from a program. Each function is explained
 * in the README under its name.
 *
 * Whatever is exported here is kept as the version number says. What a program may want and does not
 * find here (the codecs of single messages, the parts of the service) has no such promise yet.
 */

// Errors: one class, a closed list of codes.

export { asSheafError, ERROR_CODES, type ErrorCode, SheafError } from './base/errors.ts'

// Keys, ids, networks.

export {
  type Crypto,
  type DeviceKeyPair,
  deviceKeyPair,
  loadCrypto,
  nativeAbsence,
  VerifiedSignatures,
} from './base/crypto.ts'
export { type Network, networkOf } from './base/network.ts'
export type { Clock, Random } from './base/random.ts'
export { idFromText, idToText } from './base/text-id.ts'

// From markdown to signed bytes and back; spaces, pages, paths.

export { type BlamedLine, blame } from './content/blame.ts'
export {
  type Block,
  describeBlock,
  formBlock,
  parseBlock,
  type VerifiedBlock,
  type VerifiedVersion,
  type VerifyContext,
  verifyBlock,
} from './content/block.ts'
export { BOOKMARK, type Bookmark, bookmarkBody, decodeBookmark } from './content/bookmark.ts'
export { type Chunk, chunk as chunkPages, join as joinPages, type PageEntry } from './content/chunks.ts'
export { type Difference, diffTexts, type Hunk, type HunkLine, unifiedText } from './content/diff.ts'
export {
  type FileDraft,
  type FileParts,
  type FileTable,
  formFile,
  openFile,
  openFilePiece,
  openTable,
  type TableEntry,
} from './content/file.ts'
export {
  type Head,
  type HeadChoice,
  type HeadOptions,
  type HeadResolver,
  type HeadRule,
  ownHeads,
  type TrustOf,
} from './content/heads.ts'
export { History, type HistoryEntry, historyOf, type VersionEntry } from './content/history.ts'
export type { EntityKey } from './content/key.ts'
export { KeyBook } from './content/key-book.ts'
export { KINDS, type Kind, locatorOf } from './content/kinds.ts'
export { type AsksForTexts, type MergedVersions, mergeVersions, withTexts } from './content/merge-versions.ts'
export { type Conflict, type Merged, type MergeLabels, merge3 } from './content/merge3.ts'
export {
  type Author,
  compressSignMarkdown,
  type PageDraft,
  type SealedPage,
  verifyDecompressMarkdown,
} from './content/page.ts'
export {
  checkPath,
  exportCollisions,
  exportName,
  PATH_RULES,
  type PathRule,
  pathOfFile,
} from './content/path.ts'
export {
  type Combine,
  combineVerify,
  type PieceContent,
  type PieceEntry,
  type PieceFault,
  type PieceTable,
  pieceOf,
} from './content/piece.ts'
export {
  type Draft,
  parseRecord,
  type Sign,
  type SignedRecord,
  signRecords,
  type VerifiedRecord,
  type Verify,
  verifyRecord,
} from './content/record.ts'
export {
  entityLocator,
  type Page,
  pageFromText,
  pageLocator,
  pageToText,
  type Space,
  spaceFromText,
  spaceLocator,
  spaceToText,
} from './content/space.ts'
export { type NormalText, normaliseMarkdown } from './content/text.ts'
export type { FileContent } from './content/version.ts'

// Counting.

export { type BltFile, type BltPollOptions, pollOfBlt, readBlt } from './agr/stv/blt.ts'
export { count } from './agr/stv/count.ts'
export type { Candidate, Poll } from './agr/stv/poll.ts'
export type { Ballot } from './agr/stv/rankings.ts'
export { reportText } from './agr/stv/report.ts'
export { RULES, type Rule, type RuleId } from './agr/stv/rule.ts'
export type { Transcript } from './agr/stv/transcript.ts'

// A node on this machine.

export type {
  Answers,
  Command,
  ExportedPage,
  ExportSummary,
  GotFile,
  GotPage,
  HeldProgress,
  NodeApi,
  PageInput,
  PeerStatus,
  Published,
  Status,
  Target,
  Whereabouts,
} from './node/commands.ts'
export { type Bootstrap, runBootstrap } from './node/io/bootstrap.ts'
export { type ConfigSources, readConfig } from './node/io/config/config.ts'
export { type Config, OPTIONS } from './node/io/config/options.ts'
export { type Daemon, type DaemonOptions, startDaemon } from './node/io/daemon.ts'
export { type CreateOptions, createIdentity, type NewIdentity } from './node/io/identity/create.ts'
export {
  type IdentitySecrets,
  identityOf,
  type LocalIdentity,
  loadIdentity,
  saveIdentity,
} from './node/io/identity/identity.ts'
export { type Paths, pathsOf } from './node/io/paths.ts'
export { type NodeOptions, type RunningNode, runNode } from './node/io/run-node.ts'
export {
  type NewRecord,
  type NewVersion,
  type SubscribeOptions,
  subscribeEntity,
  subscribeVersioning,
} from './node/io/versions.ts'
export type {
  Blamed,
  Compared,
  LoggedVersion,
  Merging,
  NamedVersion,
  Recent,
  RecentVersion,
} from './node/version-answers.ts'

// Stores.

export { openStore, type StoreOptions } from './node/io/store/level-store.ts'
export { MemoryStore } from './node/memory-store.ts'
export type { BlockMeta, Describe, Feed, Note, NoteTable, Store, StoredBlock, Usage } from './node/store.ts'

// The node without its I/O, for whoever brings another link, store or clock.

export { type Checked, type CheckRequest, checkItems } from './node/checking.ts'
export type { Identity, NodeEvent } from './node/node.ts'
export { perform } from './node/perform.ts'
export { quotaPolicy, type RetentionPolicy, type Verdict } from './node/retention.ts'
export { type Effect, type Input, Service, type ServiceOptions } from './node/service.ts'
export type { StoreCall } from './node/store-tasks.ts'
export { Search } from './node/work.ts'
export type { EvidenceSink, Observation } from './ranking/evidence.ts'
export { FirstStanding, type Standing } from './ranking/standing.ts'
