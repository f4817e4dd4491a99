/**
 * A history over the control API: lines of versions in, each following others by their number in the
 * stream, and what became of each out. As with publishing, what is not taken fast is not sent fast.
 */
import * as v from 'valibot'
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { sha256 } from '../../../base/hash.ts'
import { PARENTS_MAX, PIECE_TEXT_BYTES_MAX } from '../../../base/limits.ts'
import { idToText } from '../../../base/text-id.ts'
import type { FileDraft } from '../../../content/file.ts'
import { checkMediaType } from '../../../content/media-type.ts'
import { checkPath } from '../../../content/path.ts'
import { pieceOf } from '../../../content/piece.ts'
import { pageToText } from '../../../content/space.ts'
import { requireNormal } from '../../../content/text.ts'
import type { NodeApi } from '../../commands.ts'
import type { OldVersion } from '../../old-version.ts'
import { type JsonObject, readObjects } from './lines.ts'
import { waitUntilHeld } from './publishing.ts'

/** Versions in one command, as `Command` has it, and their bytes. */
const BATCH_VERSIONS_MAX = 256
const BATCH_BYTES_MAX = 8 * 1024 * 1024
/** Of one stream: their ids are kept to its end, 32 MB. */
const VERSIONS_MAX = 1_000_000
/** Pieces of a file that are compressed in one step of the node. */
const PARTS_AT_ONCE = 4

const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const COMMON = {
  path: v.string(),
  parents: v.pipe(v.array(count(VERSIONS_MAX)), v.maxLength(PARENTS_MAX)),
  summary: v.string(),
  timeMs: count(2 ** 48 - 1),
  nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
}
const LINE = v.union([
  v.strictObject({ ...COMMON, text: v.string() }),
  v.strictObject({ ...COMMON, delete: v.literal(true) }),
  v.strictObject({ ...COMMON, mediaType: v.string(), base64: v.string() }),
])
type Line = v.InferOutput<typeof LINE>

/** Stores the versions of `body` in their order; a bad line ends it, and what came before it stays. */
export async function* replayLines(
  api: NodeApi,
  body: AsyncIterable<Uint8Array>,
  { patienceMs }: { patienceMs: number },
): AsyncGenerator<object> {
  const counts = { stored: 0, unchanged: 0, stale: 0 }
  const ids: Uint8Array[] = []
  const roots: Uint8Array[] = []
  let isListed = true
  try {
    for await (const { versions, isLast } of readBatches(api, body, ids)) {
      isListed = isLast
      const { pages, batches } = await api.run({ type: 'replay', versions, index: isLast })
      roots.push(...batches)
      for (const { id, status, ...page } of pages) {
        counts[status] += 1
        yield { type: 'stored', number: ids.length, page: pageToText(page), id: idToText(id), status }
        ids.push(id)
      }
    }
  } finally {
    if (!isListed) {
      await api.run({ type: 'publish', pages: [], summary: '', index: true }).catch(() => undefined)
    }
  }
  const { held, target, peers, isHeld } = yield* waitUntilHeld(api, roots, patienceMs)
  yield { type: 'done', ...counts, held, target, peers, isHeld }
}

/** `ids` are those of the batches before: a parent among them goes by its id, one of the same batch by its place. */
async function* readBatches(
  api: NodeApi,
  body: AsyncIterable<Uint8Array>,
  ids: readonly Uint8Array[],
): AsyncGenerator<{ versions: OldVersion[]; isLast: boolean }> {
  let versions: OldVersion[] = []
  let bytes = 0
  let number = 0
  for await (const line of readObjects(body)) {
    if (number >= VERSIONS_MAX) throw new SheafError('TOO_LARGE', `more than ${VERSIONS_MAX} versions`)
    if (versions.length === BATCH_VERSIONS_MAX || bytes > BATCH_BYTES_MAX) {
      yield { versions, isLast: false }
      versions = []
      bytes = 0
    }
    const begins = number - versions.length
    try {
      const version = await readVersion(api, line, (parent) => {
        if (parent >= number) throw new SheafError('BAD_ARGUMENT', 'a parent that does not come before')
        return parent < begins ? ids[parent]! : parent - begins
      })
      versions.push(version)
      bytes += version.text?.byteLength ?? 0
    } catch (cause) {
      const { code, message } = asSheafError(cause)
      throw new SheafError(code, `version ${number}: ${message}`, { cause })
    }
    number += 1
  }
  if (versions.length === 0) throw new SheafError('BAD_ARGUMENT', 'no version to replay')
  yield { versions, isLast: true }
}

async function readVersion(
  api: NodeApi,
  line: JsonObject,
  parentOf: (number: number) => Uint8Array | number,
): Promise<OldVersion> {
  const result = v.safeParse(LINE, line)
  if (!result.success) {
    throw new SheafError(
      'BAD_ARGUMENT',
      'not {path, parents, summary, timeMs, nonce} with text, delete: true, or mediaType and base64',
    )
  }
  const said = result.output
  checkPath(said.path)
  if (!said.summary.isWellFormed()) throw new SheafError('BAD_TEXT', 'half of a surrogate pair')
  const { path, summary, timeMs } = said
  const parents = said.parents.map(parentOf)
  const nonce = Buffer.from(said.nonce, 'hex')
  return { path, summary, timeMs, parents, nonce, ...(await contentOf(api, said)) }
}

async function contentOf(api: NodeApi, said: Line): Promise<Pick<OldVersion, 'text' | 'file'>> {
  if ('text' in said) {
    if (!said.text.isWellFormed()) throw new SheafError('BAD_TEXT', 'half of a surrogate pair')
    const text = Buffer.from(said.text)
    requireNormal(text)
    return { text }
  }
  if ('delete' in said) return { text: undefined }
  checkMediaType(said.mediaType)
  return { text: undefined, file: await stowed(api, said.mediaType, Buffer.from(said.base64, 'base64')) }
}

/** A file that is in memory as a whole: it came in one line. */
async function stowed(api: NodeApi, mediaType: string, bytes: Uint8Array): Promise<FileDraft> {
  const fileHash = sha256(bytes)
  if (bytes.byteLength <= PIECE_TEXT_BYTES_MAX) {
    const { hash, bytes: piece, textBytes } = pieceOf(bytes)
    return { mediaType, fileHash, pieces: [{ hash, bytes: piece.byteLength, textBytes }], only: piece }
  }
  const about = { type: 'stow' as const, fileHash, fileBytes: bytes.byteLength }
  const pieces = await api.run({ ...about, parts: [] })
  const step = PARTS_AT_ONCE * PIECE_TEXT_BYTES_MAX
  for (let at = 0; at < bytes.byteLength; at += step) {
    const some = bytes.subarray(at, at + step)
    const parts = Array.from({ length: Math.ceil(some.byteLength / PIECE_TEXT_BYTES_MAX) }, (_, i) =>
      some.subarray(i * PIECE_TEXT_BYTES_MAX, (i + 1) * PIECE_TEXT_BYTES_MAX),
    )
    pieces.push(...(await api.run({ ...about, parts })))
  }
  return { mediaType, fileHash, pieces, only: undefined }
}
