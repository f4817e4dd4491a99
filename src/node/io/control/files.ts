/**
 * Files over the control API, both ways and of any size: a few pieces are in memory at a time, and
 * nothing is read ahead of a client that does not take it.
 *
 *     bytes ──▶ cut ──▶ stowed, a few pieces at a time ──▶ published ──▶ held …
 *     pieces of the range, a window at a time ──▶ checked ──▶ bytes
 */
import { createHash, type Hash } from 'node:crypto'
import { SheafError } from '../../../base/errors.ts'
import { equalBytes } from '../../../base/hash.ts'
import { PIECE_TEXT_BYTES_MAX } from '../../../base/limits.ts'
import { idToText } from '../../../base/text-id.ts'
import type { FileDraft } from '../../../content/file.ts'
import { type PieceEntry, pieceOf } from '../../../content/piece.ts'
import { pageToText, type Space } from '../../../content/space.ts'
import type { GotFile, NodeApi, Target } from '../../commands.ts'
import { READ_BYTES_MAX } from '../../files.ts'
import { waitUntilHeld } from './publishing.ts'
import { rangeOf } from './range.ts'

export interface FilePublish {
  space: Space
  path: string
  mediaType: string
  /** SHA-256 of all its bytes: it says where they live, so it is needed before them. */
  fileHash: Uint8Array
  fileBytes: number
  summary: string
  patienceMs: number
  /** Sign the list of the space too, as the last of several files does. */
  index: boolean
}

/** What a route answers with, where that is a file. */
export interface Download {
  status: 200 | 206 | 416
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
}

/** Pieces that are compressed in one step of the node: 15 ms, and others have their turn. */
const PARTS_AT_ONCE = 4
/** What a person hears of a long upload. */
const TELL_EVERY_BYTES = 4 * 1024 * 1024

/** Stores the file that `body` is and publishes it. Throws BAD_HASH and BAD_ARGUMENT where it is not what was announced. */
export async function* publishFile(
  api: NodeApi,
  body: AsyncIterable<Uint8Array>,
  about: FilePublish,
): AsyncGenerator<object> {
  const { space, path, mediaType, fileHash, fileBytes, summary, index, patienceMs } = about
  await api.run({ type: 'stow', fileHash, fileBytes, parts: [] })
  const hash = createHash('sha256')
  const pieces: PieceEntry[] = []
  let only: Uint8Array | undefined
  let bytes = 0
  let told = 0
  for await (const parts of partsOf(hashed(body, hash, fileBytes))) {
    if (fileBytes <= PIECE_TEXT_BYTES_MAX) {
      const piece = pieceOf(parts[0]!)
      only = piece.bytes
      pieces.push({ hash: piece.hash, bytes: piece.bytes.byteLength, textBytes: piece.textBytes })
    } else pieces.push(...(await api.run({ type: 'stow', fileHash, fileBytes, parts })))
    bytes += parts.reduce((sum, part) => sum + part.byteLength, 0)
    if (bytes - told < TELL_EVERY_BYTES) continue
    told = bytes
    yield { type: 'stowed', bytes }
  }
  refuseOther(hash, bytes, { fileHash, fileBytes })
  const file: FileDraft = { mediaType, fileHash, pieces, only }
  const published = await api.run({
    type: 'publish',
    pages: [{ path, text: undefined, file }],
    summary,
    index,
  })
  const counts = { stored: 0, unchanged: 0, stale: 0 }
  for (const { path, id, status } of published.pages) {
    counts[status] += 1
    yield { type: 'stored', page: pageToText({ space, path }), id: idToText(id), status }
  }
  const { held, target, peers, isHeld } = yield* waitUntilHeld(api, published.batches, patienceMs)
  yield { type: 'done', ...counts, held, target, peers, isHeld }
}

/** The file that is on a page, or of one version; `range` as the header has it. Errors: those of `get`, BAD_ARGUMENT where it is a text. */
export async function downloadFile(
  api: NodeApi,
  target: Target,
  range: string | undefined,
  untilMs: () => number,
): Promise<Download> {
  const { id, page, file } = await api.run({ type: 'get', target, untilMs: untilMs() })
  if (file === undefined) {
    throw new SheafError('BAD_ARGUMENT', 'that page is a text, and no file', {
      hint: 'sheaf get prints it',
    })
  }
  const { fileBytes, fileHash, mediaType } = file
  const part = rangeOf(range, fileBytes)
  const headers = {
    // What a stranger says it is, is told and not acted upon.
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    etag: `"${idToText(fileHash)}"`,
    'sheaf-media-type': mediaType,
    'sheaf-page': encodeURI(pageToText(page)),
    'sheaf-version': idToText(id),
  }
  if (part === 'unsatisfiable') {
    const outside = { ...headers, 'content-range': `bytes */${fileBytes}`, 'content-length': '0' }
    return { status: 416, headers: outside, body: nothing() }
  }
  const { from, to } = part ?? { from: 0, to: fileBytes }
  const length = { ...headers, 'content-length': String(to - from) }
  const whole = part === undefined || to - from === fileBytes ? file : undefined
  const body = bytesOf(api, id, { from, to, whole }, untilMs)
  if (part === undefined) return { status: 200, headers: length, body }
  return {
    status: 206,
    headers: { ...length, 'content-range': `bytes ${from}-${to - 1}/${fileBytes}` },
    body,
  }
}

/** One window is fetched while the one before it is taken. A whole file is held to its hash before its end is let go. */
async function* bytesOf(
  api: NodeApi,
  id: Uint8Array,
  { from, to, whole }: { from: number; to: number; whole: GotFile | undefined },
  untilMs: () => number,
): AsyncGenerator<Uint8Array> {
  const read = (at: number): Promise<Uint8Array> => {
    const window = { from: at, to: Math.min(to, at + READ_BYTES_MAX) }
    const bytes = api.run({ type: 'read', id, ...window, untilMs: untilMs() })
    // Whoever leaves early does not wait for it.
    bytes.catch(() => undefined)
    return bytes
  }
  const hash = createHash('sha256')
  let next = from < to ? read(from) : undefined
  for (let at = from; next !== undefined; ) {
    const bytes = await next
    at += bytes.byteLength
    next = at < to ? read(at) : undefined
    hash.update(bytes)
    if (next === undefined && whole !== undefined) refuseOther(hash, at, whole)
    yield bytes
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Throws BAD_ARGUMENT as soon as more comes than was announced. */
async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: Hash,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) {
      throw new SheafError('BAD_ARGUMENT', `more than the ${bytesMax} bytes that were announced`)
    }
    hash.update(chunk)
    yield chunk
  }
}

/** Bytes in parts of PIECE_TEXT_BYTES_MAX, a few of them at once; the last is shorter. No bytes are one empty part. */
async function* partsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let isEmpty = true
  const size = PARTS_AT_ONCE * PIECE_TEXT_BYTES_MAX
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + size - bytes)
      at += part.byteLength
      bytes += part.byteLength
      waiting.push(part)
      if (bytes < size) continue
      yield cutParts(Buffer.concat(waiting))
      isEmpty = false
      waiting = []
      bytes = 0
    }
  }
  if (bytes > 0 || isEmpty) yield cutParts(Buffer.concat(waiting))
}

function cutParts(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.byteLength / PIECE_TEXT_BYTES_MAX))
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * PIECE_TEXT_BYTES_MAX, (i + 1) * PIECE_TEXT_BYTES_MAX),
  )
}

function refuseOther(hash: Hash, bytes: number, { fileHash, fileBytes }: Omit<GotFile, 'mediaType'>): void {
  if (bytes !== fileBytes)
    throw new SheafError('BAD_ARGUMENT', `${bytes} bytes where ${fileBytes} were announced`)
  if (!equalBytes(hash.digest(), fileHash))
    throw new SheafError('BAD_HASH', 'the file is not the one that was announced')
}
