/**
 * Files on their way in as they are: read once for their hash, which says where they live, and once
 * more as they are sent, a piece of a file at a time.
 */
import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { SheafError } from '../base/errors.ts'
import { FILE_BYTES_MAX } from '../base/limits.ts'
import { idToText } from '../base/text-id.ts'
import type { JsonObject } from '../node/io/control/lines.ts'
import { type Cli, type CommonOptions, jsonLine, progressOf } from './cli.ts'
import { fileError, type PageFile } from './folder.ts'
import { count, oneLine, sizeText } from './shown.ts'

export interface AttachOptions extends CommonOptions {
  readonly message?: string
  readonly mediaType?: string
  readonly patienceMs?: number | undefined
  /** Tells nothing but ids where these are wanted; whoever called sums it up. */
  readonly isSilent?: boolean
}

/** How it went with several; as the daemon counts for one. */
export interface Attached {
  stored: number
  unchanged: number
  held: number
  target: number
  peers: number
  isHeld: boolean
}

type AttachLine =
  | { type: 'stored'; page: string; id: string; status: 'stored' | 'unchanged' }
  | { type: 'stowed'; bytes: number }
  | { type: 'held' }
  | ({ type: 'done' } & Attached)

const READ_BYTES = 256 * 1024

/** Sends one file; what the daemon says of it. `index`: have the list of the space signed, too. Errors: NOT_FOUND, TOO_LARGE, BAD_ARGUMENT. */
export async function* attachmentLines(
  cli: Cli,
  { file, absolute, path }: PageFile,
  { message, mediaType, patienceMs, index }: AttachOptions & { index: boolean },
): AsyncGenerator<JsonObject> {
  const bytes = sizeOf(file, absolute)
  const hash = idToText(await hashOf(cli, file, absolute))
  yield* cli.client().stream('/v1/file', {
    method: 'POST',
    query: { path, mediaType, hash, bytes, summary: message, patienceMs, index: index ? 1 : 0 },
    file: { chunks: chunksOf(cli, file, absolute), bytes },
  })
}

/** Sends several, one after the other, and tells what becomes of each. Once one waits for holders in vain, the rest do not. The list of the space is left to the last. */
export async function sendAttachments(
  cli: Cli,
  files: readonly PageFile[],
  options: AttachOptions,
): Promise<Attached> {
  const { shell } = cli
  const progress = progressOf(shell, options)
  const all: Attached = { stored: 0, unchanged: 0, held: 0, target: 0, peers: 0, isHeld: true }
  try {
    for (const [i, file] of files.entries()) {
      const patience = all.isHeld ? {} : { patienceMs: 0 }
      const lines = attachmentLines(cli, file, { ...options, ...patience, index: i === files.length - 1 })
      for await (const line of lines as AsyncGenerator<unknown> as AsyncGenerator<AttachLine>) {
        if (line.type === 'stowed') progress.show(oneLine(`${file.file}: ${sizeText(line.bytes)}`))
        if (line.type === 'stored' && options.json && !options.isSilent) await shell.out(jsonLine(line))
        if (line.type === 'stored' && options.quiet) await shell.out(`${line.id}\n`)
        if (line.type === 'done') add(all, line)
      }
      progress.show(`${i + 1} of ${count(files.length, 'file')}`)
    }
  } finally {
    progress.clear()
  }
  if (!options.json && !options.quiet && !options.isSilent) {
    await shell.out(`${count(all.stored, 'file')} stored, ${all.unchanged} unchanged\n`)
  }
  return all
}

function add(all: Attached, { stored, unchanged, held, target, peers, isHeld }: Attached): void {
  all.stored += stored
  all.unchanged += unchanged
  all.held = held
  all.target = target
  all.peers = peers
  all.isHeld &&= isHeld
}

function sizeOf(file: string, absolute: string): number {
  try {
    const stat = statSync(absolute)
    if (!stat.isFile()) throw new SheafError('BAD_ARGUMENT', `${file} is no file`)
    if (stat.size <= FILE_BYTES_MAX) return stat.size
    throw new SheafError('TOO_LARGE', `${file} has ${stat.size} bytes where a file takes ${FILE_BYTES_MAX}`)
  } catch (error) {
    throw fileError(error, file)
  }
}

async function hashOf(cli: Cli, file: string, absolute: string): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of chunksOf(cli, file, absolute)) hash.update(chunk)
  return hash.digest()
}

async function* chunksOf(cli: Cli, file: string, absolute: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(absolute, { highWaterMark: READ_BYTES })) {
      if (cli.shell.signal.aborted) throw new SheafError('CANCELLED', `${file} was not published`)
      yield chunk as Uint8Array
    }
  } catch (error) {
    throw fileError(error, file)
  }
}
