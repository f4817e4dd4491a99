/**
 * Brings an index of an older format to the present one, a format at a time. Before the first step
 * the index is copied to HOME/index-format-N.backup, and that copy is left there. Each step is one
 * synced batch with the new format in it: a step that is cut off has not happened.
 */
import { cp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { SheafError } from '../../../base/errors.ts'
import { NOTE_TABLES, type NoteTable } from '../../store.ts'
import { type IndexLevel, indexLevel } from './block-index.ts'
import type { Disk } from './disk.ts'
import { FORMAT_KEY, INDEX_FORMAT, MARKS, NOTES, noteKey, STATE_KEY, stateValue } from './index-keys.ts'

type Change = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** On Node `Level` is classic-level's class; its types leave out what browsers do not have. */
interface Repairing {
  repair(directory: string): Promise<void>
}

/** Makes whoever opens the store make the index again. */
const NOT_WHOLE = stateValue({ rebuilding: true, blocks: 0, bytes: 0 })

/** By the format that it starts from: the changes that lead to the next one. */
const STEPS: readonly ((level: IndexLevel) => Promise<Change[]>)[] = [nameTablesByNumber, placeByKind]

/**
 * The index of a home, opened and of the present format. With `repair`, LevelDB first saves what it can of
 * a damaged one, and all that can be derived is made again. Errors: BAD_STORE; what the level throws.
 */
export async function openIndex(
  home: string,
  { repair, disk }: { repair: boolean; disk: Disk },
): Promise<IndexLevel> {
  const directory = join(home, 'index')
  if (repair) await repairIndex(directory)
  let level = indexLevel(directory)
  await level.open()
  try {
    let format = await readFormat(level)
    if (format === undefined) {
      await level.put(FORMAT_KEY, Buffer.of(INDEX_FORMAT))
      return level
    }
    if (format > INDEX_FORMAT) {
      throw new SheafError(
        'BAD_STORE',
        `${home} has format ${format}; this version knows up to ${INDEX_FORMAT}`,
        {
          hint: 'use the newer version of sheaf that wrote it',
        },
      )
    }
    if (format < INDEX_FORMAT) {
      await level.close()
      await backUp(directory, `${directory}-format-${format}.backup`, disk)
      level = indexLevel(directory)
      await level.open()
    }
    while (format < INDEX_FORMAT) {
      const changes = await STEPS[format]!(level)
      format++
      changes.push({ type: 'put', key: FORMAT_KEY, value: Buffer.of(format) })
      disk.passes('migrating')
      await level.batch(changes, { sync: true })
      disk.passes('migrated')
    }
    return level
  } catch (error) {
    await level.close()
    throw error
  }
}

/** What is damaged is set aside by LevelDB in a directory `lost`; that the format is ours is taken on trust. */
async function repairIndex(directory: string): Promise<void> {
  await (Level as unknown as Repairing).repair(directory)
  const level = indexLevel(directory)
  await level.open()
  const format = (await level.get(FORMAT_KEY)) ?? Buffer.of(INDEX_FORMAT)
  await level.batch([
    { type: 'put', key: FORMAT_KEY, value: format },
    { type: 'put', key: STATE_KEY, value: NOT_WHOLE },
  ])
  await level.close()
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
    changes.push({ type: 'del', key }, { type: 'put', key: noteKey(table, key.subarray(end + 1)), value })
  }
  for await (const key of level.keys(MARKS)) changes.push({ type: 'del', key })
  changes.push({ type: 'put', key: STATE_KEY, value: NOT_WHOLE })
  return changes
}

/** 1 → 2. A place had only locator and id in its key. All places are made again from the feeds. */
async function placeByKind(): Promise<Change[]> {
  return [{ type: 'put', key: STATE_KEY, value: NOT_WHOLE }]
}
