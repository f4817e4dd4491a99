/** Writing a backup: all blocks, the notes, the rules, the local names, and the small files of a home, into one new file. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SheafError } from '../../../base/errors.ts'
import type { BackupSummary } from '../../commands.ts'
import type { LocalName } from '../../names.ts'
import { SEQUENCE_KEY } from '../../numbering.ts'
import type { Rule } from '../../rules.ts'
import { NOTE_TABLES, type NoteTable, type Store } from '../../store.ts'
import { writeNewPrivateStream } from '../private-file.ts'
import { diskError } from '../store/disk-error.ts'
import { FEEDS, type Frame, formFrame, MAGIC, TABLES } from './format.ts'

/** Written at a time. */
const CHUNK_BYTES = 1024 * 1024
/** Blocks between two words about how far it is. */
const TELL_EVERY = 1_000

export interface BackupOptions {
  /** The file to make; one that is there is not touched. */
  path: string
  incarnation: Uint8Array
  /** Of the home; one that is not there is left out. `identity` undefined: without keys. */
  files: { identity: string | undefined; config: string | undefined }
  /** Of the operator. */
  rules: readonly Rule[]
  /** What its person calls others. */
  names: readonly LocalName[]
  nowMs: number
  tell?: ((blocks: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Backs up a store that may be written to meanwhile. Errors: ALREADY_EXISTS, BAD_STORE, DISK_FULL, CANCELLED. */
export async function writeBackup(store: Store, options: BackupOptions): Promise<BackupSummary> {
  const { path, incarnation, files, rules, names, nowMs, tell = () => {}, signal } = options
  const summary = { path, blocks: 0, notes: 0, bytes: 0, hasKeys: files.identity !== undefined }
  await writeNewPrivateStream(path, async (write) => {
    const hash = createHash('sha256')
    let chunk: Uint8Array[] = []
    let size = 0
    const flush = async (): Promise<void> => {
      const bytes = Buffer.concat(chunk)
      chunk = []
      size = 0
      hash.update(bytes)
      summary.bytes += bytes.byteLength
      await write(bytes)
    }
    const put = async (bytes: Uint8Array): Promise<void> => {
      if (signal?.aborted) throw new SheafError('CANCELLED', 'no backup was made')
      chunk.push(bytes)
      size += bytes.byteLength
      if (size >= CHUNK_BYTES) await flush()
    }
    const putFrame = (frame: Frame): Promise<void> => put(formFrame(frame))

    await put(MAGIC)
    await putFrame({ type: 'head', madeMs: nowMs, incarnation, hasKeys: summary.hasKeys })
    for (const [name, file] of Object.entries(files)) {
      const bytes = file === undefined ? undefined : contentsOf(file)
      if (bytes !== undefined) await putFrame({ type: 'file', name, bytes })
    }
    for (const rule of rules) await putFrame(ruleFrame(rule))
    for (const { name, entity, sinceMs } of names) await putFrame({ type: 'name', name, entity, sinceMs })
    for await (const { feed, block } of store.each()) {
      const { kind, id, locator, bytes } = block
      await putFrame({ type: 'block', feed: FEEDS.indexOf(feed), kind, id, locator, bytes })
      summary.blocks++
      if (summary.blocks % TELL_EVERY === 0) tell(summary.blocks)
    }
    // After the blocks: a note of something that came in between names what is not here, which does no harm.
    for (const table of NOTE_TABLES) {
      for await (const { key, value } of store.notes(table)) {
        if (isOfThisLife(table, key)) continue
        await putFrame({ type: 'note', table: TABLES.indexOf(table), key, value })
        summary.notes++
      }
    }
    await flush()
    const { blocks, notes } = summary
    const end = formFrame({ type: 'end', blocks, notes, digest: hash.digest() })
    summary.bytes += end.byteLength
    await write(end)
  })
  return summary
}

/** Text of a program may have half a letter in it, which no text in a file has. */
function ruleFrame({ type, id, about, why, sinceMs }: Rule): Frame {
  const [wholeAbout, wholeWhy] = [about.toWellFormed(), why.toWellFormed()]
  return { type: 'rule', isBlock: type === 'block', id, about: wholeAbout, why: wholeWhy, sinceMs }
}

/** Numbers of statements end with the incarnation that made them. */
function isOfThisLife(table: NoteTable, key: Uint8Array): boolean {
  return table === 'own' && Buffer.from(key).equals(SEQUENCE_KEY)
}

function contentsOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw diskError(error, `cannot read ${path}`)
  }
}
