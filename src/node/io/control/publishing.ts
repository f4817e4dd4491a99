/**
 * Publishing over the control API: lines of pages in, batches to the node, progress out.
 *
 *     {path, text} · {path, delete: true}  ──▶  stored, one for each  ──▶  held …  ──▶  done
 */
import * as v from 'valibot'
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { idToText } from '../../../base/text-id.ts'
import { checkPath } from '../../../content/path.ts'
import { pageToText, type Space } from '../../../content/space.ts'
import { requireNormal } from '../../../content/text.ts'
import type { HeldProgress, NodeApi, PageInput } from '../../commands.ts'
import { type JsonObject, readObjects } from './lines.ts'
import { pushed } from './pushed.ts'
import { heldJson } from './shapes.ts'

/** Pages in one command, as `Command` has it. */
const BATCH_PAGES_MAX = 256
/** Text in one command: a few of the longest pages. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024
/** Progress is small; more of it than this says that nobody reads. */
const PROGRESS_MAX = 10_000

export interface PublishOptions {
  space: Space
  summary: string
  patienceMs: number
}

/** Pages in one command; `isLast` where no further line follows. */
interface Batch {
  pages: PageInput[]
  isLast: boolean
}

/**
 * Publishes the pages that `body` holds, in their order: a path that comes twice becomes two
 * versions. A bad line ends it; what the batches before it stored stays stored.
 */
export async function* publishLines(
  api: NodeApi,
  body: AsyncIterable<Uint8Array>,
  { space, summary, patienceMs }: PublishOptions,
): AsyncGenerator<object> {
  const counts = { stored: 0, unchanged: 0 }
  const roots: Uint8Array[] = []
  let isListed = true
  try {
    for await (const { pages, isLast } of readBatches(body)) {
      isListed = isLast
      const published = await api.run({ type: 'publish', pages, summary, index: isLast })
      roots.push(...published.batches)
      for (const { path, id, status } of published.pages) {
        counts[status] += 1
        yield { type: 'stored', page: pageToText({ space, path }), id: idToText(id), status }
      }
    }
  } finally {
    // Broken off: what is stored is in the space's list all the same. Where that fails too, the next start lists it.
    if (!isListed) await api.run({ type: 'publish', pages: [], summary, index: true }).catch(() => undefined)
  }
  const last = yield* waitUntilHeld(api, roots, patienceMs)
  yield {
    type: 'done',
    ...counts,
    held: last.held,
    target: last.target,
    peers: last.peers,
    isHeld: last.isHeld,
  }
}

async function* waitUntilHeld(
  api: NodeApi,
  roots: Uint8Array[],
  patienceMs: number,
): AsyncGenerator<object, HeldProgress> {
  const last = yield* mapped(
    pushed<HeldProgress, HeldProgress>(
      (push) =>
        api.run({ type: 'held', batches: roots, patienceMs }, (value) => {
          if ('isHeld' in value) push(value)
        }),
      { bytesMax: PROGRESS_MAX, bytesOf: () => 1 },
    ),
    heldJson,
  )
  yield heldJson(last)
  return last
}

async function* mapped<T, U, R>(source: AsyncGenerator<T, R>, change: (value: T) => U): AsyncGenerator<U, R> {
  for (;;) {
    const { done, value } = await source.next()
    if (done) return value
    yield change(value)
  }
}

/** A batch is handed on when the next line shows that it is not the last, so the last one is known as such. */
async function* readBatches(body: AsyncIterable<Uint8Array>): AsyncGenerator<Batch> {
  let pages: PageInput[] = []
  let bytes = 0
  let number = 0
  const paths = new Set<string>()
  for await (const line of readObjects(body)) {
    number += 1
    const page = readLine(line, number)
    const pageBytes = page.text?.byteLength ?? 0
    const isFull = pages.length === BATCH_PAGES_MAX || bytes + pageBytes > BATCH_BYTES_MAX
    if (pages.length > 0 && (isFull || paths.has(page.path))) {
      yield { pages, isLast: false }
      pages = []
      bytes = 0
      paths.clear()
    }
    pages.push(page)
    paths.add(page.path)
    bytes += pageBytes
  }
  if (pages.length === 0) throw new SheafError('BAD_ARGUMENT', 'no page to publish')
  yield { pages, isLast: true }
}

const LINE = v.union([
  v.strictObject({ path: v.string(), text: v.string() }),
  v.strictObject({ path: v.string(), delete: v.literal(true) }),
])

function readLine(line: JsonObject, number: number): PageInput {
  const result = v.safeParse(LINE, line)
  if (!result.success) {
    throw new SheafError('BAD_ARGUMENT', `page ${number} is neither {path, text} nor {path, delete: true}`)
  }
  const page = result.output
  try {
    checkPath(page.path)
    return { path: page.path, text: 'text' in page ? normalText(page.text) : undefined }
  } catch (cause) {
    const { code, message, hint } = asSheafError(cause)
    throw new SheafError(code, `page ${number}: ${message}`, { cause, ...(hint !== undefined && { hint }) })
  }
}

/** The bytes of a text. Half of a surrogate pair, which JSON can write, is no text. */
function normalText(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new SheafError('BAD_TEXT', 'half of a surrogate pair')
  const bytes = Buffer.from(text)
  requireNormal(bytes)
  return bytes
}
