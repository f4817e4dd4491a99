/**
 * Brings an index of an older format to the present one, a format at a time. Before the first step
 * the index is copied to HOME/index-format-N.backup, and that copy is left there. Each step is one
 * synced batch with the new format in it: a step that is cut off has not happened. What a step puts
 * elsewhere, it puts there before, and again when it is taken again.
 */
import { cp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { SheafError } from '../../../base/errors.ts'
import { NOTE_TABLES, type NoteTable } from '../../store.ts'
import { type IndexLevel, indexLevel } from './block-index.ts'
import type { Disk } from './disk.ts'
import { FORMAT_KEY, INDEX_FORMAT, MARKS, NOTES, STATE_KEY, stateValue } from './index-keys.ts'
import { type Notes, noteKey, type Repairing } from './notes.ts'

type Change = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** Makes whoever opens the store make the index again. */
const NOT_WHOLE = stateValue({ rebuilding: true, blocks: 0, bytes: 0 })
/** The last format that had the notes among its entries. */
const LAST_WITH_NOTES = 2
/** Begins the key of a note in these formats. */
const NOTE = Buffer.from('n')

/** By the format that it starts from: the changes that lead to the next one. */
const STEPS: readonly ((level: IndexLevel, notes: Notes) => Promise<Change[]>)[] = [
  nameTablesByNumber,
  placeByKind,
  partWithNotes,
]

export interface OpenedIndex {
  level: IndexLevel
  /** Of the index that was found; undefined where there was none. */
  format: number | undefined
}

/**
 * The index of a home, opened and of the present format; notes that stand in an old one go to `notes`. With
 * `anew` nothing of it is trusted but these notes, and whoever opens the store makes it again, damaged or not.
 * Errors: BAD_STORE; what the level throws.
 */
export async function openIndex(
  home: string,
  notes: Notes,
  { anew, disk }: { anew: boolean; disk: Disk },
): Promise<OpenedIndex> {
  const directory = join(home, 'index')
  if (anew) await clearIndex(directory)
  let level = indexLevel(directory)
  await level.open()
  try {
    const found = await readFormat(level)
    if (found === undefined) {
      await level.put(FORMAT_KEY, Buffer.of(INDEX_FORMAT))
      return { level, format: undefined }
    }
    if (found > INDEX_FORMAT) throw tooNew(home, found)
    if (found < INDEX_FORMAT) {
      await level.close()
      await backUp(directory, `${directory}-format-${found}.backup`, disk)
      level = indexLevel(directory)
      await level.open()
    }
    for (let format = found; format < INDEX_FORMAT; ) {
      const changes = await STEPS[format]!(level, notes)
      format++
      changes.push({ type: 'put', key: FORMAT_KEY, value: Buffer.of(format) })
      disk.passes('migrating')
      await level.batch(changes, { sync: true })
      disk.passes('migrated')
    }
    return { level, format: found }
  } catch (error) {
    await level.close()
    throw error
  }
}

/** Removes an index, unless it may hold notes: then LevelDB saves what it can of it, and the rest is marked as not whole. */
async function clearIndex(directory: string): Promise<void> {
  const format = await formatIn(directory)
  if (format === undefined || format > LAST_WITH_NOTES) {
    // a format that is too new is no damage
    if (format === undefined || format === INDEX_FORMAT) await rm(directory, { recursive: true, force: true })
    return
  }
  const level = indexLevel(directory)
  await level.open()
  await level.put(STATE_KEY, NOT_WHOLE)
  await level.close()
}

/** The format of an index that may be damaged; undefined where nothing can be read of it, also after LevelDB's repair. */
async function formatIn(directory: string): Promise<number | undefined> {
  for (const mend of [async () => {}, () => (Level as unknown as Repairing).repair(directory)]) {
    const level = indexLevel(directory)
    try {
      await mend()
      await level.open()
      return (await level.get(FORMAT_KEY))?.[0]
    } catch {
      // what is damaged is worth one repair, and then nothing
    } finally {
      await level.close()
    }
  }
  return undefined
}

function tooNew(home: string, format: number): SheafError {
  return new SheafError(
    'BAD_STORE',
    `${home} has format ${format}; this version knows up to ${INDEX_FORMAT}`,
    { hint: 'use the newer version of sheaf that wrote it' },
  )
}

/** Undefined where the index is empty. */
async function readFormat(level: IndexLevel): Promise<number | undefined> {
  const value = await level.get(FORMAT_KEY)
  if (value !== undefined) return value[0]
  const [key] = await level.keys({ limit: 1 }).all()
  if (key === undefined) return undefined
  throw new SheafError('BAD_STORE', 'the index has entries but no format: it is not one of ours', {
    hint: 'stop the node and run `sheaf reindex`, which saves what can be saved',
  })
}

/** A copy that is either whole or not there. An earlier one is the truer one and stays. */
async function backUp(directory: string, backup: string, disk: Disk): Promise<void> {
  const exists = await stat(backup).then(
    () => true,
    () => false,
  )
  if (exists) return
  const part = `${backup}.part`
  await rm(part, { recursive: true, force: true })
  await cp(directory, part, { recursive: true })
  disk.passes('copied')
  await rename(part, backup)
}

/**
 * 0 → 1. The prototype named the table of a note by its name and a zero byte, kept no checksum of a
 * block, and marked feeds by name. Notes move; the rest is made again from the feeds when the store
 * goes on to open.
 */
async function nameTablesByNumber(level: IndexLevel): Promise<Change[]> {
  const changes: Change[] = []
  for await (const [key, value] of level.iterator(NOTES)) {
    const end = key.indexOf(0)
    const table = key.toString('utf8', 1, end) as NoteTable
    if (!NOTE_TABLES.includes(table))
      throw new SheafError('BAD_STORE', `a note of an unknown table: ${table}`)
    const moved = Buffer.concat([NOTE, noteKey(table, key.subarray(end + 1))])
    changes.push({ type: 'del', key }, { type: 'put', key: moved, value })
  }
  for await (const key of level.keys(MARKS)) changes.push({ type: 'del', key })
  changes.push({ type: 'put', key: STATE_KEY, value: NOT_WHOLE })
  return changes
}

/** 1 → 2. A place had only locator and id in its key. All places are made again from the feeds. */
async function placeByKind(): Promise<Change[]> {
  return [{ type: 'put', key: STATE_KEY, value: NOT_WHOLE }]
}

/** 2 → 3. The notes stood among what can be derived, and got lost with it. They move to a level of their own. */
async function partWithNotes(level: IndexLevel, notes: Notes): Promise<Change[]> {
  const entries = await level.iterator(NOTES).all()
  await notes.adopt(entries.map(([key, value]) => [key.subarray(NOTE.length), value]))
  return entries.map(([key]) => ({ type: 'del', key }))
}
