/**
 * Whether each promise of a trace rests on what was synced: when an acknowledgement leaves, every log that was
 * written to has an fdatasync or fsync that began after the last write had ended and was over by then, and so
 * has the folder of every log that was made. A log that is removed had its
 * tables synced before.
 */
import { dirname } from 'node:path'
import { type Call, fileOf } from './trace.ts'

/** What a promise rests on: the logs of the three databases. Their tables they sync themselves. Nobody is promised what a rehearsal writes. */
const LOG = /(?<!\/rehearsal)\/(feeds\/db|index|notes)\/\d+\.log$/
/** Into these a log's content goes before the log is removed. */
const TABLE = /(?<!\/rehearsal)\/(feeds\/db|index|notes)\/\d+\.(ldb|sst)$/
const WRITES: ReadonlySet<string> = new Set(['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2'])
const SENDS: ReadonlySet<string> = new Set([...WRITES, 'sendto', 'sendmsg'])
const SYNCS: ReadonlySet<string> = new Set(['fsync', 'fdatasync'])
const REMOVALS: ReadonlySet<string> = new Set(['unlink', 'unlinkat'])

/**
 * LevelDB's record that takes the mark `unlisted` away and does nothing else. It follows the sync of what it stands
 * for; where a power loss brings the mark back, the node lists its pages once more.
 */
const MARK_GOES = /\\1\\0\\0\\0\\0\\t\\1unlisted", 30$/

/** What a node says on its way: to a client, and in its log. */
const WORDS = {
  /** The store has answered that a publish, or what a holding is for, is safe. */
  published: '\\"msg\\":\\"promised outbox\\"',
  shelved: '\\"msg\\":\\"promised shelf\\"',
  /** A client is told of a page. */
  stored: '\\"type\\":\\"stored\\"',
  /** A client is told that its publish is over. */
  done: '\\"type\\":\\"done\\"',
  /** A holding is about to be sent. */
  kept: '\\"msg\\":\\"kept\\"',
} as const
type Word = keyof typeof WORDS

export interface Verdict {
  /** Synced writes that the store answered for, words of publishes to clients, and holdings. */
  readonly promised: number
  readonly stored: number
  readonly kept: number
  readonly writes: number
  readonly syncs: number
  /** Promises that rested on something that was not synced. */
  readonly findings: readonly string[]
}

interface Watched {
  begun: number
  ended: number
  /** So many writes are on the medium. */
  synced: number
}

export function judge(calls: Iterable<Call>): Verdict {
  const files = new Map<string, Watched>()
  /** Folders that have a log whose name is not known to be on the medium: the logs. */
  const unnamed = new Map<string, Set<string>>()
  /** Syncs under way: what they cover, by thread. */
  const syncing = new Map<number, { path: string; writes: number; logs: Set<string> }>()
  const said: Record<Word, number> = { published: 0, shelved: 0, stored: 0, done: 0, kept: 0 }
  const findings: string[] = []
  let writes = 0
  let syncs = 0

  const watched = (path: string): Watched => {
    const known = files.get(path) ?? { begun: 0, ended: 0, synced: 0 }
    files.set(path, known)
    return known
  }
  const isDirty = (path: string): boolean => {
    const { begun, synced } = watched(path)
    return begun > synced
  }

  /** Why a promise that leaves now would not be safe. */
  const unsafe = (): string[] => [
    ...[...files.keys()]
      .filter((file) => LOG.test(file) && isDirty(file))
      .map((file) => `left while writes to ${file} were not synced`),
    ...[...unnamed].flatMap(([folder, logs]) =>
      [...logs].map((log) => `left while ${folder} was not synced since ${log} was made`),
    ),
  ]

  for (const call of calls) {
    const { phase, name, args, result, pid, seconds } = call
    const path = fileOf(args)
    if (phase === 'begin' && SENDS.has(name)) {
      for (const word of wordsIn(args, path)) {
        said[word] += 1
        if (word === 'published' || word === 'shelved')
          findings.push(...unsafe().map((why) => `${seconds}: "${word}" ${why}`))
        if (word === 'kept' && said.shelved < said.kept)
          findings.push(`${seconds}: a holding left before the store had answered`)
        // The publishes follow each other: each has its promise before the first word of it leaves.
        if (word === 'stored' && said.published <= said.done)
          findings.push(`${seconds}: "stored" left before the store had answered`)
      }
    }
    if (
      path !== undefined &&
      WRITES.has(name) &&
      !MARK_GOES.test(args) &&
      (LOG.test(path) || TABLE.test(path))
    ) {
      writes += phase === 'begin' && LOG.test(path) ? 1 : 0
      watched(path)[phase === 'begin' ? 'begun' : 'ended'] += 1
    }
    if (path !== undefined && SYNCS.has(name)) {
      if (phase === 'begin') {
        const logs = new Set(unnamed.get(path) ?? [])
        syncing.set(pid, { path, writes: watched(path).ended, logs })
      } else if (result.startsWith('0')) {
        const covers = syncing.get(pid)
        if (covers === undefined) continue
        syncs += LOG.test(path) ? 1 : 0
        const file = watched(path)
        file.synced = Math.max(file.synced, covers.writes)
        for (const log of covers.logs) unnamed.get(path)?.delete(log)
      }
    }
    if (phase === 'end' && name === 'openat' && args.includes('O_CREAT')) {
      const made = fileOf(result)
      // What is truncated or must be new is a new name, as far as anybody can tell.
      if (made !== undefined && LOG.test(made) && /O_TRUNC|O_EXCL/.test(args)) {
        const folder = dirname(made)
        unnamed.set(folder, (unnamed.get(folder) ?? new Set()).add(made))
      }
    }
    if (phase === 'begin' && REMOVALS.has(name)) {
      const removed = /"([^"]*)"/.exec(args)?.[1]
      if (removed === undefined || !LOG.test(removed)) continue
      for (const file of files.keys()) {
        if (dirname(file) === dirname(removed) && TABLE.test(file) && isDirty(file))
          findings.push(`${seconds}: ${removed} was removed while writes to ${file} were not synced`)
      }
      files.delete(removed)
      unnamed.get(dirname(removed))?.delete(removed)
    }
  }
  const { published, shelved, stored, kept } = said
  return { promised: published + shelved, stored, kept, writes, syncs, findings }
}

/** To a client they go through a socket, to the log through stderr; never through a database. */
function wordsIn(args: string, path: string | undefined): Word[] {
  if (path !== undefined && (LOG.test(path) || TABLE.test(path))) return []
  const here: readonly Word[] = args.startsWith('2<') ? ['published', 'shelved', 'kept'] : ['stored', 'done']
  return here.filter((word) => args.includes(WORDS[word]))
}
