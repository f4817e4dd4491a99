/**
 * Making a home of a backup. It is made beside the place where it belongs and moved there once every
 * byte of the file has been checked: there is a whole home or none.
 *
 * The home is in a new incarnation. It goes on with what waits for holders, and with the promises that
 * others gave; it signs nothing under a number that the home that was backed up may have used.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { asSheafError, codeOf, SheafError } from '../../../base/errors.ts'
import { equalBytes, sha256 } from '../../../base/hash.ts'
import type { Random } from '../../../base/random.ts'
import { checkName, type LocalName, NAMES_MAX } from '../../names.ts'
import { OwnIndex } from '../../own-index.ts'
import { RULES_MAX, type Rule } from '../../rules.ts'
import type { Describe, Feed, Note, Store, StoredBlock } from '../../store.ts'
import { renewIncarnation } from '../incarnation.ts'
import { changeNames } from '../names-file.ts'
import { makePrivateFolder, type Paths } from '../paths.ts'
import { syncFolder, writeNewPrivateFile } from '../private-file.ts'
import { writeRules } from '../rules-file.ts'
import { diskError } from '../store/disk-error.ts'
import { openStore } from '../store/level-store.ts'
import { lockHome } from '../store/lock.ts'
import { FEEDS, type Frame, TABLES } from './format.ts'
import { framesIn } from './reader.ts'

/** Blocks and notes that are written together. */
const WRITE_BYTES = 1024 * 1024
/** Blocks between two words about how far it is. */
const TELL_EVERY = 1_000

export interface RestoreOptions {
  file: string
  paths: Pick<Paths, 'home' | 'identity' | 'config'>
  describe: Describe
  random: Random
  tell?: ((blocks: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface RestoreSummary {
  home: string
  /** When the backup was made, and what it was of. */
  madeMs: number
  oldIncarnation: Uint8Array
  incarnation: Uint8Array
  blocks: number
  notes: number
  hasKeys: boolean
}

/**
 * Makes the home that `paths` names. Errors: ALREADY_EXISTS where there is anything; those of `framesIn`;
 * BAD_HASH where a block is not what it is called; BAD_STORE, DISK_FULL, CANCELLED. Nothing is left behind.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreSummary> {
  const { paths } = options
  refuseExisting(paths.home)
  makePrivateFolder(dirname(paths.home))
  const aside = `${paths.home}.restoring-${randomBytes(6).toString('hex')}`
  let placed: string | undefined
  try {
    mkdirSync(aside, { mode: 0o700 })
    const { summary, files, rules, names } = await fill(aside, options)
    const inHome = (path: string): string => {
      const inside = relative(paths.home, path)
      return inside.startsWith('..') ? path : join(aside, inside)
    }
    for (const [name, bytes] of files) {
      const path = inHome(name === 'identity' ? paths.identity : paths.config)
      writeNewPrivateFile(path, Buffer.from(bytes).toString('utf8'))
      if (!path.startsWith(aside)) placed = path
    }
    if (rules.length > 0) writeRules(aside, rules)
    if (names.length > 0) changeNames(aside, () => names)
    renameSync(aside, paths.home)
    placed = undefined
    syncFolder(dirname(paths.home))
    return summary
  } catch (error) {
    if (placed !== undefined) rmSync(placed, { force: true })
    throw diskError(error, `cannot restore into ${paths.home}`)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

async function fill(
  home: string,
  { file, paths, describe, random, tell = () => {}, signal }: RestoreOptions,
): Promise<{
  summary: RestoreSummary
  files: Map<string, Uint8Array>
  rules: Rule[]
  names: LocalName[]
}> {
  const files = new Map<string, Uint8Array>()
  const rules: Rule[] = []
  const names: LocalName[] = []
  const lock = lockHome(home)
  try {
    const incarnation = renewIncarnation(lock, random)
    const store = await openStore({ home, incarnation, describe, lock })
    const writer = new Writer(store)
    const summary: RestoreSummary = {
      home: paths.home,
      madeMs: 0,
      oldIncarnation: incarnation,
      incarnation,
      blocks: 0,
      notes: 0,
      hasKeys: false,
    }
    try {
      for await (const frame of framesIn(file)) {
        if (signal?.aborted) throw new SheafError('CANCELLED', 'nothing was restored')
        switch (frame.type) {
          case 'head':
            Object.assign(summary, {
              madeMs: frame.madeMs,
              oldIncarnation: frame.incarnation,
              hasKeys: frame.hasKeys,
            })
            break
          case 'file':
            files.set(nameOf(frame, files), frame.bytes)
            break
          case 'block':
            await writer.block(FEEDS[frame.feed]!, blockOf(frame, describe))
            summary.blocks++
            if (summary.blocks % TELL_EVERY === 0) tell(summary.blocks)
            break
          case 'note':
            await writer.note({ table: TABLES[frame.table]!, key: frame.key, value: frame.value })
            summary.notes++
            break
          case 'rule':
            rules.push(ruleOf(frame, rules.length))
            break
          case 'name':
            names.push(localNameOf(frame, names.length))
        }
      }
      // A page whose listing came after the blocks had been read is listed at the first start.
      await writer.note(OwnIndex.mark)
      await writer.end()
    } finally {
      await store.close()
    }
    return { summary, files, rules, names }
  } finally {
    lock.release()
  }
}

/** Gathers what is written together. */
class Writer {
  readonly #store: Store
  #feed: Feed = 'outbox'
  #blocks: StoredBlock[] = []
  #notes: Note[] = []
  #bytes = 0

  constructor(store: Store) {
    this.#store = store
  }

  async block(feed: Feed, block: StoredBlock): Promise<void> {
    if (feed !== this.#feed) await this.#flush(false)
    this.#feed = feed
    this.#blocks.push(block)
    await this.#add(block.length)
  }

  async note(note: Note): Promise<void> {
    this.#notes.push(note)
    await this.#add(note.key.byteLength + (note.value?.byteLength ?? 0))
  }

  /** All that was given survives power loss when this resolves. */
  end(): Promise<void> {
    return this.#flush(true)
  }

  async #add(bytes: number): Promise<void> {
    this.#bytes += bytes
    if (this.#bytes >= WRITE_BYTES) await this.#flush(false)
  }

  async #flush(sync: boolean): Promise<void> {
    const [blocks, notes] = [this.#blocks, this.#notes]
    this.#blocks = []
    this.#notes = []
    this.#bytes = 0
    await this.#store.append(this.#feed, blocks, { sync, notes })
  }
}

function nameOf({ name }: Extract<Frame, { type: 'file' }>, files: Map<string, Uint8Array>): string {
  if ((name !== 'identity' && name !== 'config') || files.has(name)) {
    throw new SheafError('BAD_FORMAT', 'a file that no backup has, or that comes twice')
  }
  return name
}

function ruleOf(frame: Extract<Frame, { type: 'rule' }>, before: number): Rule {
  if (before >= RULES_MAX) throw new SheafError('TOO_LARGE', `more than ${RULES_MAX} rules`)
  const { isBlock, id, about, why, sinceMs } = frame
  return { type: isBlock ? 'block' : 'deny', id, about, why, sinceMs }
}

function localNameOf(frame: Extract<Frame, { type: 'name' }>, before: number): LocalName {
  if (before >= NAMES_MAX) throw new SheafError('TOO_LARGE', `more than ${NAMES_MAX} names`)
  const { name, entity, sinceMs } = frame
  if (codeOf(() => checkName(name)) === undefined) return { name, entity, sinceMs }
  throw new SheafError('BAD_FORMAT', 'a name that nobody can be given')
}

/** The block in a frame. Throws BAD_HASH where it is not what it is called. */
function blockOf(frame: Extract<Frame, { type: 'block' }>, describe: Describe): StoredBlock {
  const { kind, id, locator, bytes } = frame
  const said = kind === 0 ? { id: sha256(bytes), locator, kind, timeMs: 0 } : describedBy(describe, bytes)
  if (!equalBytes(said.id, id) || !equalBytes(said.locator, locator) || said.kind !== kind) {
    throw new SheafError('BAD_HASH', 'a block that is not what it is called')
  }
  return { ...said, length: bytes.byteLength, bytes }
}

function describedBy(describe: Describe, bytes: Uint8Array): ReturnType<Describe> {
  try {
    return describe(bytes)
  } catch (cause) {
    throw new SheafError('BAD_HASH', `a record block that is none: ${asSheafError(cause).message}`, { cause })
  }
}

function refuseExisting(home: string): void {
  let names: string[]
  try {
    names = readdirSync(home)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw diskError(error, `cannot look into ${home}`)
  }
  if (names.length === 0) return
  throw new SheafError('ALREADY_EXISTS', `${home} is not empty`, {
    hint: 'restore into another home, with --home DIR',
  })
}
