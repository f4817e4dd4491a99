/**
 * The three databases of a home, opened together and brought to agree: the feeds, which are the truth,
 * the index, which follows them, and the notes, which nothing can bring back.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SheafError } from '../../../base/errors.ts'
import type { Describe, Feed } from '../../store.ts'
import { BlockIndex } from './block-index.ts'
import type { Disk } from './disk.ts'
import { diskError } from './disk-error.ts'
import { Feeds } from './feeds.ts'
import { LogSync } from './log-sync.ts'
import { type OpenedIndex, openIndex } from './migrate.ts'
import { Notes } from './notes.ts'
import { catchUp } from './reindex.ts'
import { dropReports } from './reports.ts'

const RESTORE = 'restore a backup into another home: `sheaf restore`'
/** Format of the index since which the notes are in a place of their own. */
const FIRST_WITHOUT_NOTES = 3

export interface FilesOptions {
  /** The directory of the node; made where there is none. */
  home: string
  /** 16 bytes, drawn when the store was made or restored. A new one opens new feeds; old ones stay readable. */
  incarnation: Uint8Array
  /**
   * Draws and keeps another one. Asked for where the notes of this one are lost, and with them the numbers of its
   * statements: going on would say two things under one number. Without it such a home does not open.
   */
  renew?: (() => Uint8Array) | undefined
  describe: Describe
  cacheBytesMax: number
  /** Makes the index again from the feeds, whatever there is of it, and saves what can be saved of damaged notes. */
  repair: boolean
  disk: Disk
}

export interface Files {
  incarnation: Uint8Array
  feeds: Feeds
  index: BlockIndex
  notes: Notes
  /** Of the feeds that this incarnation writes. */
  names: Record<Feed, string>
  /** Of feeds, index and notes. */
  logs: readonly LogSync[]
  /** What did not read back when feeds and index were brought to agree. */
  damaged: number
  close(): Promise<void>
}

/** Opens what there is and makes what there is not. Errors: BAD_STORE; what the databases and the disk throw. */
export async function openFiles(options: FilesOptions): Promise<Files> {
  const { home, describe, cacheBytesMax, repair, disk } = options
  const directories = { feeds: join(home, 'feeds'), index: join(home, 'index'), notes: join(home, 'notes') }
  const databases = [join(directories.feeds, 'db'), directories.index, directories.notes]
  const opened: { close(): Promise<void> }[] = []
  const close = async (): Promise<void> => {
    const outcomes: PromiseSettledResult<void>[] = []
    for (const one of opened.splice(0).reverse()) outcomes.push(...(await Promise.allSettled([one.close()])))
    outcomes.push(...(await Promise.allSettled(databases.map(dropReports))))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
  try {
    for (const made of Object.values(directories)) await mkdir(made, { recursive: true, mode: 0o700 })
    // Each opens files and waits for the disk, most of the time that a start takes: so they do it side by side.
    const [values, feeds] = await all([
      openValues(home, { repair, disk }, opened),
      openFeeds(directories.feeds, cacheBytesMax, disk).then((feeds) => {
        opened.push(feeds)
        return feeds
      }),
    ])
    const { notes, level, format } = values
    const isLost = notes.areNew && hadNotes(format, feeds, options.incarnation)
    const incarnation = isLost ? renewed(options) : options.incarnation
    const names = feedNames(incarnation)
    await all([feeds.add(names.outbox), feeds.add(names.shelf)])
    const index = await BlockIndex.load(level, disk)
    refuseLostFeeds(index, feeds)
    const { damaged } = await catchUp(index, feeds, describe)
    const logs = databases.map((directory) => new LogSync(directory, disk))
    for (const made of [dirname(home), home, directories.feeds]) await disk.syncDirectory(made)
    return { incarnation, feeds, index, notes, names, logs, damaged, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The notes, and then the index, which may have some of old. */
async function openValues(
  home: string,
  { repair, disk }: { repair: boolean; disk: Disk },
  opened: { close(): Promise<void> }[],
): Promise<{ notes: Notes } & OpenedIndex> {
  const notes = await Notes.open(home, { repair, disk })
  opened.push(notes)
  const { level, format } = await openIndex(home, notes, { anew: repair, disk })
  opened.push(level)
  return { notes, level, format }
}

/** Like Promise.all, but for the end: all are over, and whoever undoes what they did misses nothing. */
async function all<Work extends readonly Promise<unknown>[]>(
  work: readonly [...Work],
): Promise<{ -readonly [Key in keyof Work]: Awaited<Work[Key]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/** No reindexing brings back a feed. */
async function openFeeds(directory: string, cacheBytesMax: number, disk: Disk): Promise<Feeds> {
  try {
    return await Feeds.open(directory, cacheBytesMax, disk)
  } catch (error) {
    const { code, message, hint } = diskError(error, 'the feeds do not open')
    const isDamage = hint === undefined || hint.includes('reindex') || hint.includes('verify')
    throw new SheafError(code, message, { cause: error, hint: isDamage ? RESTORE : hint })
  }
}

/** A database whose first file is lost begins anew, and empty: the index would follow, and forget everything. */
function refuseLostFeeds(index: BlockIndex, feeds: Feeds): void {
  const lost = index.marks().find(({ name, indexed }) => indexed > 0 && feeds.length(name) === 0)
  if (lost === undefined) return
  throw new SheafError(
    'BAD_STORE',
    `the feed ${lost.name} is gone, and the index knows of ${lost.indexed} segments`,
    {
      hint: `${RESTORE}; \`sheaf reindex\` goes on with what is left`,
    },
  )
}

/** Whether a home whose notes are new must have had some: of an index of format 3 on, or beside feeds of this life. */
function hadNotes(format: number | undefined, feeds: Feeds, incarnation: Uint8Array): boolean {
  if (format !== undefined) return format >= FIRST_WITHOUT_NOTES
  return Object.values(feedNames(incarnation)).some((name) => feeds.length(name) > 0)
}

function renewed({ home, renew }: FilesOptions): Uint8Array {
  if (renew !== undefined) return renew()
  throw new SheafError('BAD_STORE', `the notes of ${home} are lost`, { hint: 'sheaf reindex' })
}

function feedNames(incarnation: Uint8Array): Record<Feed, string> {
  const hex = Buffer.from(incarnation).toString('hex')
  return { outbox: `outbox/${hex}`, shelf: `shelf/${hex}` }
}
