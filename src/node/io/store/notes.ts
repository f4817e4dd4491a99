/**
 * The notes of a store: what cannot be derived from the feeds, in a level of its own in HOME/notes,
 * so that losing the index loses nothing else.
 *
 *     key               value
 *     "format"          format of this table (uint)
 *     table (1) | key   the note, as given
 */
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { SheafError } from '../../../base/errors.ts'
import type { Note, NoteTable } from '../../store.ts'
import { type IndexLevel, indexLevel, type LevelMemory } from './block-index.ts'
import type { Disk } from './disk.ts'
import { FORMAT_KEY, startingWith } from './index-keys.ts'

export const NOTES_FORMAT = 1

/** Numbers of the tables on disk; never used again for another one, and never that of a letter. */
const TABLE_NUMBERS: Record<NoteTable, number> = {
  own: 1,
  holding: 2,
  pending: 3,
  receipt: 4,
  peer: 5,
  claim: 6,
  follow: 7,
}
/** A few hundred small values. */
const NOTES_MEMORY: LevelMemory = { cacheSize: 2 ** 19, writeBufferSize: 2 ** 20 }
/** Notes that an iterator fetches at a time. */
const ITERATOR_STEP = 64

/** On Node `Level` is classic-level's class; its types leave out what browsers do not have. */
export interface Repairing {
  repair(directory: string): Promise<void>
}

/** What stands under a note's table and key; the key in an index of format 1 or 2 is this after an `n`. */
export function noteKey(table: NoteTable, key: Uint8Array): Buffer {
  const full = Buffer.allocUnsafe(1 + key.byteLength)
  full[0] = TABLE_NUMBERS[table]
  full.set(key, 1)
  return full
}

export class Notes {
  readonly #level: IndexLevel
  readonly #disk: Disk
  /** Whether there were none before, or some may be gone: a number that is kept here may be too low. */
  readonly areNew: boolean

  private constructor(level: IndexLevel, areNew: boolean, disk: Disk) {
    this.#level = level
    this.#disk = disk
    this.areNew = areNew
  }

  /** With `repair` a level that does not open is saved as far as it can be. Errors: BAD_STORE; what the level throws. */
  static async open(home: string, { repair, disk }: { repair: boolean; disk: Disk }): Promise<Notes> {
    const directory = join(home, 'notes')
    const level = indexLevel(directory, NOTES_MEMORY)
    try {
      await level.open()
      if (repair) await readAll(level)
    } catch (error) {
      await level.close()
      if (!repair) throw error
      return new Notes(await repaired(directory), true, disk)
    }
    try {
      const [format] = (await level.get(FORMAT_KEY)) ?? []
      if (format !== undefined && format > NOTES_FORMAT) {
        throw new SheafError(
          'BAD_STORE',
          `the notes in ${home} have format ${format}; this version knows up to ${NOTES_FORMAT}`,
          { hint: 'use the newer version of sheaf that wrote them' },
        )
      }
      if (format === undefined) await putFormat(level)
      return new Notes(level, format === undefined, disk)
    } catch (error) {
      await level.close()
      throw error
    }
  }

  get(table: NoteTable, key: Uint8Array): Promise<Buffer | undefined> {
    return this.#level.get(noteKey(table, key))
  }

  /** All of a table whose key begins with `prefix`, in order of key. */
  async *each(table: NoteTable, prefix: Uint8Array): AsyncIterable<{ key: Buffer; value: Buffer }> {
    const iterator = this.#level.iterator(startingWith(noteKey(table, prefix)))
    try {
      for (;;) {
        const entries = await iterator.nextv(ITERATOR_STEP)
        if (entries.length === 0) return
        for (const [key, value] of entries) yield { key: key.subarray(1), value }
      }
    } finally {
      await iterator.close()
    }
  }

  /** In their order, all or none. */
  async write(notes: readonly Note[]): Promise<void> {
    this.#disk.passes('noting')
    await this.#level.batch(
      notes.map(({ table, key, value }) => {
        const full = noteKey(table, key)
        return value === undefined
          ? { type: 'del' as const, key: full }
          : {
              type: 'put' as const,
              key: full,
              value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
            }
      }),
    )
    this.#disk.passes('noted')
  }

  /** Entries as an index of format 2 had them, without their first byte: they survive power loss when this resolves. */
  async adopt(entries: readonly [key: Buffer, value: Buffer][]): Promise<void> {
    const changes = entries.map(([key, value]) => ({ type: 'put' as const, key, value }))
    await this.#level.batch(changes, { sync: true })
  }

  close(): Promise<void> {
    return this.#level.close()
  }
}

/** What LevelDB can save of its files; where it can save nothing, they are set aside. */
async function repaired(directory: string): Promise<IndexLevel> {
  const level = indexLevel(directory, NOTES_MEMORY)
  try {
    await (Level as unknown as Repairing).repair(directory)
    await level.open()
    await readAll(level)
  } catch {
    await level.close()
    await setAside(directory)
    await level.open()
  }
  await putFormat(level)
  return level
}

/** A level may open and not read: its tables are looked into when somebody asks. */
async function readAll(level: IndexLevel): Promise<void> {
  const iterator = level.iterator()
  try {
    while ((await iterator.nextv(ITERATOR_STEP)).length > 0);
  } finally {
    await iterator.close()
  }
}

/** Puts damaged files where nobody reads them and somebody may look at them, instead of what was there before. */
export async function setAside(directory: string): Promise<void> {
  const aside = `${directory}.damaged`
  await rm(aside, { recursive: true, force: true })
  if (await stat(directory).catch(() => undefined)) await rename(directory, aside)
}

function putFormat(level: IndexLevel): Promise<void> {
  return level.put(FORMAT_KEY, Buffer.of(NOTES_FORMAT), { sync: true })
}
