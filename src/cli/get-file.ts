/** A file on its way out, whole or a part: to stdout, or to a file that is there when all of it has been checked. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { asSheafError, SheafError } from '../base/errors.ts'
import { diskError } from '../node/io/store/disk-error.ts'
import { type Cli, type CommonOptions, jsonLine, note, progressOf } from './cli.ts'
import { sizeText } from './shown.ts'

export interface FileOptions extends CommonOptions {
  readonly range?: string
  readonly out?: string
}

/** What is known of it from `get`. */
interface About {
  id: string
  file: { mediaType: string; bytes: number }
}

/** Writes the file of a version. Errors: BAD_ARGUMENT, ALREADY_EXISTS, what the daemon says. */
export async function getFile(
  cli: Cli,
  { id, file }: About,
  options: FileOptions & { timeoutMs: number | undefined; deadlineMs: number | undefined },
): Promise<void> {
  const { shell } = cli
  const { out, timeoutMs, deadlineMs } = options
  const range = options.range === undefined ? undefined : rangeHeader(options.range)
  if (out === undefined && shell.isOutTerminal) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `that is a file (${file.mediaType}, ${sizeText(file.bytes)}), and no text`,
      {
        hint: 'write it with --out FILE, or lead stdout somewhere',
      },
    )
  }
  const { status, body } = await cli
    .client(deadlineMs)
    .download('/v1/file', { query: { id, timeoutMs }, ...(range !== undefined && { range }) })
  if (status === 416) {
    for await (const _ of body);
    throw new SheafError(
      'BAD_ARGUMENT',
      `the file has ${file.bytes} bytes, and none in --range ${options.range}`,
    )
  }
  const progress = progressOf(shell, options)
  let bytes = 0
  const told = (async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.byteLength
      progress.show(`${sizeText(bytes)} of ${sizeText(file.bytes)}`)
      yield chunk
    }
  })()
  try {
    if (out === undefined) for await (const chunk of told) await shell.out(chunk)
    else await writeWhole(resolve(shell.cwd, out), told)
  } finally {
    progress.clear()
  }
  if (out === undefined) return
  if (options.json) await shell.out(jsonLine({ id, out, bytes }))
  else note(shell, options, `${sizeText(bytes)} written to ${out}`)
}

/** Writes a new file or a new content: beside its place first, so that what is there stays until all is there. Throws DISK_FULL, BAD_STORE. */
export async function writeWhole(target: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(target), `.sheaf-${process.pid}-whole.tmp`)
  try {
    rmSync(temporary, { force: true })
    const fd = openSync(temporary, 'wx')
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.byteLength; ) at += writeSync(fd, chunk, at)
      }
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asSheafError(error).code === 'INTERNAL' ? diskError(error, `cannot write ${target}`) : error
  }
}

/** `0-999`, `1000-`, `-500`. */
function rangeHeader(text: string): string {
  const [, first, last] = /^(\d{0,15})-(\d{0,15})$/.exec(text) ?? []
  const isRange = first !== undefined && last !== undefined && first + last !== ''
  const isOrdered = first === '' || last === '' || Number(first) <= Number(last)
  if (isRange && isOrdered) return `bytes=${text}`
  throw new SheafError('BAD_ARGUMENT', '--range takes the first and the last byte, counted from 0', {
    hint: '0-999 is the first thousand, 1000- all behind it, -500 the last five hundred',
  })
}
