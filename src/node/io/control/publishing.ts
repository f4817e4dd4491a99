/**
 * Publishing over the control API: lines of pages in, batches to the node, progress out.
 *
 *     {path, text} · {path, delete: true} · {path, redirect} · {path, file}  ──▶  stored or stale, one for each  ──▶  held …  ──▶  done
 */
import * as v from 'valibot'
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { idFromText, idToText } from '../../../base/text-id.ts'
import { checkPath } from '../../../content/path.ts'
import { type Page, pageLocator, pageToText, type Space } from '../../../content/space.ts'
import { requireNormal } from '../../../content/text.ts'
import type { HeldProgress, NodeApi, PageInput, Published } from '../../commands.ts'
import { readPage } from './asking.ts'
import { type JsonObject, readObjects } from './lines.ts'
import { pushed } from './pushed.ts'
import { heldJson } from './shapes.ts'

/** Pages in one command: with the author's keys beside them they fill one store request (ASK_IDS_MAX), and leave no small one over. */
const BATCH_PAGES_MAX = 250
/** Text in one command: a few of the longest pages. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024
/** Commands under way: while one is written, the texts of the next are compressed. They have their turns in their order. */
const BATCHES_MAX = 2
/** Progress is small; more of it than this says that nobody reads. */
const PROGRESS_MAX = 10_000

export interface PublishOptions {
  space: Space
  summary: string
  patienceMs: number
  /** Until when peers may be asked for newer versions of pages with parents. */
  untilMs: number | undefined
}

/** Pages in one command; `isLast` where no further line follows. */
interface Batch {
  pages: PageInput[]
  isLast: boolean
}

/**
 * Publishes the pages that `body` holds, in their order: a path that comes twice becomes two
 * versions. A bad line or a batch that fails ends it; what other batches stored stays stored, also that of the one
 * that was under way beside.
 */
export async function* publishLines(
  api: NodeApi,
  body: AsyncIterable<Uint8Array>,
  { space, summary, patienceMs, untilMs }: PublishOptions,
): AsyncGenerator<object> {
  const counts = { stored: 0, unchanged: 0, stale: 0 }
  const roots: Uint8Array[] = []
  const underWay: Promise<Published>[] = []
  let isListed = true
  function* told(published: Published): Iterable<object> {
    roots.push(...published.batches)
    for (const { id, status, ...page } of published.pages) {
      counts[status] += 1
      const type = status === 'stale' ? 'stale' : 'stored'
      yield { type, page: pageToText(page), id: idToText(id), status }
    }
  }
  try {
    for await (const { pages, isLast } of readBatches(body, space)) {
      // Peers are asked about the parents before the turn: what comes after would overtake it.
      const isAlone = pages.some(({ parents }) => parents !== undefined)
      while (underWay.length > (isAlone ? 0 : BATCHES_MAX - 1)) yield* told(await underWay.shift()!)
      isListed = isLast
      const until = untilMs !== undefined && { untilMs }
      const running = api.run({ type: 'publish', pages, summary, index: isLast, ...until })
      running.catch(() => undefined) // it is thrown where its outcome is told
      underWay.push(running)
      if (isAlone) yield* told(await underWay.shift()!)
    }
    while (underWay.length > 0) yield* told(await underWay.shift()!)
  } finally {
    await Promise.allSettled(underWay)
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

/** Waits for holders as `held` does, and tells how far it is. */
export async function* waitUntilHeld(
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
async function* readBatches(body: AsyncIterable<Uint8Array>, own: Space): AsyncGenerator<Batch> {
  let pages: PageInput[] = []
  let bytes = 0
  let number = 0
  const names = new Set<string>()
  for await (const line of readObjects(body)) {
    number += 1
    const page = await readLine(line, number, own)
    const name = idToText(pageLocator({ space: own, ...page }))
    const pageBytes = page.text?.byteLength ?? 0
    const isFull = pages.length === BATCH_PAGES_MAX || bytes + pageBytes > BATCH_BYTES_MAX
    if (pages.length > 0 && (isFull || names.has(name))) {
      yield { pages, isLast: false }
      pages = []
      bytes = 0
      names.clear()
    }
    pages.push(page)
    names.add(name)
    bytes += pageBytes
  }
  if (pages.length === 0) throw new SheafError('BAD_ARGUMENT', 'no page to publish')
  yield { pages, isLast: true }
}

const NAME = v.union([v.strictObject({ path: v.string() }), v.strictObject({ page: v.string() })])
const SAYS = v.union([
  v.strictObject({ text: v.string() }),
  v.strictObject({ delete: v.literal(true) }),
  v.strictObject({ redirect: v.string() }),
  v.strictObject({ file: v.string() }),
])
const MADE = v.strictObject({
  parents: v.optional(v.array(v.string())),
  fork: v.optional(v.boolean()),
})

/** One line: `path` or `page`; `text`, `delete`, `redirect` or `file`; `parents` and `fork`. */
async function readLine(
  { path, page, parents, fork, ...rest }: JsonObject,
  number: number,
  own: Space,
): Promise<PageInput> {
  const given = (fields: object) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const name = v.safeParse(NAME, given({ path, page }))
  const says = v.safeParse(SAYS, rest)
  const made = v.safeParse(MADE, given({ parents, fork }))
  if (!name.success || !says.success || !made.success) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `page ${number} is not {path or page; text, delete: true, redirect or file; parents, fork where wanted}`,
    )
  }
  try {
    const target = await namedPage(name.output, own)
    return {
      ...target,
      ...(await saidOf(says.output, own)),
      ...(made.output.parents !== undefined && { parents: made.output.parents.map(idFromText) }),
      ...(made.output.fork !== undefined && { isFork: made.output.fork }),
    }
  } catch (cause) {
    const { code, message, hint } = asSheafError(cause)
    throw new SheafError(code, `page ${number}: ${message}`, { cause, ...(hint !== undefined && { hint }) })
  }
}

async function namedPage(name: { path: string } | { page: string }, own: Space): Promise<Page> {
  if ('page' in name) return readPage(name.page, async () => own)
  checkPath(name.path)
  return { space: own, path: name.path }
}

async function saidOf(
  says: v.InferOutput<typeof SAYS>,
  own: Space,
): Promise<Pick<PageInput, 'text' | 'redirect' | 'fileOf'>> {
  if ('text' in says) return { text: normalText(says.text) }
  if ('delete' in says) return { text: undefined }
  if ('file' in says) return { text: undefined, fileOf: idFromText(says.file) }
  return { text: undefined, redirect: await readPage(says.redirect, async () => own) }
}

/** The bytes of a text. Half of a surrogate pair, which JSON can write, is no text. */
export function normalText(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new SheafError('BAD_TEXT', 'half of a surrogate pair')
  const bytes = Buffer.from(text)
  requireNormal(bytes)
  return bytes
}
