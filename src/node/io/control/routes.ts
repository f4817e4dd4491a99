/**
 * The registry of control routes. A test walks it: every route has its row in docs/CONTROL.md and
 * its cases in test/node/io/control.test.ts.
 */
import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import { FILE_BYTES_MAX } from '../../../base/limits.ts'
import { idFromText, idToText } from '../../../base/text-id.ts'
import { checkMediaType, mediaTypeOf } from '../../../content/media-type.ts'
import { checkPath } from '../../../content/path.ts'
import { pageToText, spaceToText } from '../../../content/space.ts'
import type { Target } from '../../commands.ts'
import { RECENT_MAX } from '../../commands.ts'
import { type Parameters, readPage, readSpace, readTarget, readTargetText } from './asking.ts'
import { BOOKMARK_ROUTES } from './bookmarks.ts'
import { ENTITY_ROUTES } from './entities.ts'
import { exportLines } from './exporting.ts'
import { downloadFile, publishFile } from './files.ts'
import { FOLLOW_ROUTES } from './following.ts'
import { KEY_ROUTES } from './key-routes.ts'
import { readMerge } from './merging.ts'
import { publishLines } from './publishing.ts'
import { pushed } from './pushed.ts'
import { renderPage } from './rendering.ts'
import { replayLines } from './replaying.ts'
import { type Route, type RouteContext, type RouteRequest, untilMs } from './route.ts'
import { RULE_ROUTES } from './rule-routes.ts'
import { SEARCH_ROUTES } from './search-routes.ts'
import {
  blameJson,
  diffJson,
  eventJson,
  listedJson,
  mergeJson,
  pageJson,
  peerJson,
  recentJson,
  statusJson,
  versionJson,
  whereJson,
} from './shapes.ts'

export type { ControlTimes, Route, RouteContext, RouteRequest } from './route.ts'

const PATIENCE_MS_MAX = 60_000
/** A large space on a slow network. */
const EXPORT_TIMEOUT_MS_MAX = 24 * 3600_000
/** Without a word about it, an export has as long as this many look-ups. */
const EXPORT_LOOKUPS = 60
/** One a thousand blocks: a store of a billion tells as many. */
const PROGRESS_WORDS_MAX = 1_000_000
/** Without a word about it. */
const RECENT_COUNT = 20
const BACKUP = v.strictObject({ path: v.pipe(v.string(), v.check(isAbsolute)), keys: v.boolean() })

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const LEVEL = v.strictObject({ level: v.picklist(LEVELS) })

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status',
    parameters: [],
    body: 'none',
    answer: 'json',
    handle: async ({ context: { api } }) =>
      statusJson(await api.run({ type: 'status' }), api.reachability(), process.pid),
  },
  {
    method: 'GET',
    path: '/v1/peers',
    parameters: [],
    body: 'none',
    answer: 'json',
    handle: async ({ context: { api } }) => ({ peers: (await api.run({ type: 'peers' })).map(peerJson) }),
  },
  {
    method: 'GET',
    path: '/v1/get',
    parameters: ['page', 'id', 'timeoutMs', 'fresh'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const target = await readTarget(parameters, context.own)
      return pageJson(await context.api.run({ type: 'get', target, ...lookUp(parameters, context) }))
    },
  },
  {
    method: 'GET',
    path: '/v1/render',
    parameters: ['page', 'id', 'timeoutMs', 'fresh', 'images'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const target = await readTarget(parameters, context.own)
      const page = await context.api.run({ type: 'get', target, ...lookUp(parameters, context) })
      return renderPage(page, context.renderer, parameters.text('images'))
    },
  },
  {
    method: 'GET',
    path: '/v1/log',
    parameters: ['page', 'timeoutMs', 'fresh'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const page = await readPage(parameters.required('page'), context.own)
      const versions = await context.api.run({ type: 'log', page, ...lookUp(parameters, context) })
      return { page: pageToText(page), versions: versions.map(versionJson) }
    },
  },
  {
    method: 'GET',
    path: '/v1/diff',
    parameters: ['page', 'id', 'from', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle(request) {
      return diffJson(await request.context.api.run({ type: 'diff', ...(await readSides(request)) }))
    },
  },
  {
    method: 'POST',
    path: '/v1/diff',
    parameters: ['page', 'id', 'from', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle(request) {
      const { api } = request.context
      const { id } = await api.run({ type: 'publishDiff', ...(await readSides(request)) })
      return { id: idToText(id) }
    },
  },
  {
    method: 'POST',
    path: '/v1/merge',
    parameters: ['timeoutMs', 'fresh'],
    body: 'ndjson',
    answer: 'json',
    async handle({ parameters, body, context }) {
      const asked = await readMerge(body as AsyncIterable<Uint8Array>, context.own)
      return mergeJson(await context.api.run({ type: 'merge', ...asked, ...lookUp(parameters, context) }))
    },
  },
  {
    method: 'GET',
    path: '/v1/blame',
    parameters: ['page', 'id', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const target = await readTarget(parameters, context.own)
      return blameJson(
        await context.api.run({ type: 'blame', target, untilMs: untilMs(parameters, context) }),
      )
    },
  },
  {
    method: 'GET',
    path: '/v1/recent',
    parameters: ['space', 'count', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const space = await readSpace(parameters.required('space'), context.own)
      const count = parameters.whole('count', 1, RECENT_MAX) ?? RECENT_COUNT
      return recentJson(
        space,
        await context.api.run({ type: 'recent', space, count, untilMs: untilMs(parameters, context) }),
      )
    },
  },
  ...SEARCH_ROUTES,
  {
    method: 'GET',
    path: '/v1/where',
    parameters: ['page', 'id', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const target = await readTarget(parameters, context.own)
      return whereJson(
        await context.api.run({ type: 'where', target, untilMs: untilMs(parameters, context) }),
      )
    },
  },
  {
    method: 'GET',
    path: '/v1/list',
    parameters: ['space', 'timeoutMs', 'kept'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const space = await readSpace(parameters.required('space'), context.own)
      const pages = await context.api.run({ type: 'list', space, untilMs: untilMs(parameters, context) })
      const kept = parameters.flag('kept') && { kept: await context.api.run({ type: 'kept', space }) }
      return { space: spaceToText(space), pages: pages.map(listedJson), ...kept }
    },
  },
  {
    method: 'GET',
    path: '/v1/export',
    parameters: ['space', 'timeoutMs'],
    body: 'none',
    answer: 'ndjson',
    async *handle({ parameters, context }) {
      const { api, own, nowMs, times } = context
      const space = await readSpace(parameters.required('space'), own)
      const timeoutMs =
        parameters.whole('timeoutMs', 1, EXPORT_TIMEOUT_MS_MAX) ?? EXPORT_LOOKUPS * times.getTimeoutMs
      yield* exportLines(api, space, nowMs() + timeoutMs)
    },
  },
  {
    method: 'POST',
    path: '/v1/publish',
    parameters: ['summary', 'patienceMs', 'timeoutMs'],
    body: 'ndjson',
    answer: 'ndjson',
    async *handle({ parameters, body, context }) {
      yield* publishLines(context.api, body as AsyncIterable<Uint8Array>, {
        space: await context.own(),
        untilMs: parameters.text('timeoutMs') === undefined ? undefined : untilMs(parameters, context),
        summary: parameters.text('summary') ?? '',
        patienceMs: parameters.whole('patienceMs', 0, PATIENCE_MS_MAX) ?? context.times.publishPatienceMs,
      })
    },
  },
  {
    method: 'POST',
    path: '/v1/file',
    parameters: ['path', 'mediaType', 'hash', 'bytes', 'summary', 'patienceMs', 'index'],
    body: 'bytes',
    answer: 'ndjson',
    async *handle({ parameters, body, context }) {
      const path = parameters.required('path')
      const mediaType = parameters.text('mediaType') ?? mediaTypeOf(path)
      checkPath(path)
      checkMediaType(mediaType)
      parameters.required('bytes')
      yield* publishFile(context.api, body as AsyncIterable<Uint8Array>, {
        space: await context.own(),
        path,
        mediaType,
        fileHash: idFromText(parameters.required('hash')),
        fileBytes: parameters.whole('bytes', 0, FILE_BYTES_MAX)!,
        summary: parameters.text('summary') ?? '',
        patienceMs: parameters.whole('patienceMs', 0, PATIENCE_MS_MAX) ?? context.times.publishPatienceMs,
        index: parameters.whole('index', 0, 1) !== 0,
      })
    },
  },
  {
    method: 'GET',
    path: '/v1/file',
    parameters: ['page', 'id', 'timeoutMs'],
    body: 'none',
    answer: 'bytes',
    async handle({ parameters, range, context }) {
      const target = await readTarget(parameters, context.own)
      return downloadFile(context.api, target, range, () => untilMs(parameters, context))
    },
  },
  {
    method: 'POST',
    path: '/v1/replay',
    parameters: ['patienceMs'],
    body: 'ndjson',
    answer: 'ndjson',
    async *handle({ parameters, body, context }) {
      await context.own()
      yield* replayLines(context.api, body as AsyncIterable<Uint8Array>, {
        patienceMs: parameters.whole('patienceMs', 0, PATIENCE_MS_MAX) ?? context.times.publishPatienceMs,
      })
    },
  },
  {
    method: 'GET',
    path: '/v1/events',
    parameters: ['since'],
    body: 'none',
    answer: 'ndjson',
    async *handle({ parameters, context: { api, signal } }) {
      const since = parameters.whole('since', 0, Number.MAX_SAFE_INTEGER) ?? 0
      // So the client hears at once that it is heard, also where nothing happens for long.
      yield { type: 'listening', since }
      for await (const event of api.events(since, signal)) yield eventJson(event) as object
    },
  },
  ...BOOKMARK_ROUTES,
  ...ENTITY_ROUTES,
  ...FOLLOW_ROUTES,
  ...RULE_ROUTES,
  ...KEY_ROUTES,
  {
    method: 'POST',
    path: '/v1/backup',
    parameters: [],
    body: 'json',
    answer: 'ndjson',
    async *handle({ body, context: { api, signal } }) {
      const result = v.safeParse(BACKUP, body)
      if (!result.success) {
        throw new SheafError(
          'BAD_ARGUMENT',
          'the body is not {"path": an absolute path, "keys": true or false}',
        )
      }
      const { path, keys } = result.output
      yield* progressing((tell) => api.backup(path, { withKeys: keys, signal }, tell))
    },
  },
  {
    method: 'POST',
    path: '/v1/verify',
    parameters: [],
    body: 'none',
    answer: 'ndjson',
    async *handle({ context: { api } }) {
      yield* progressing((tell) => api.verify(tell))
    },
  },
  {
    method: 'POST',
    path: '/v1/stop',
    parameters: [],
    body: 'none',
    answer: 'json',
    async handle({ context: { api } }) {
      // After this answer is on its way, or the client would see a broken connection.
      setImmediate(() => api.stop())
      return { isStopping: true, pid: process.pid }
    },
  },
  {
    method: 'PUT',
    path: '/v1/log-level',
    parameters: [],
    body: 'json',
    answer: 'json',
    async handle({ body, context: { api } }) {
      const result = v.safeParse(LEVEL, body)
      if (!result.success) {
        throw new SheafError('BAD_ARGUMENT', `the body is not {"level": "${LEVELS.join('|')}"}`)
      }
      api.setLogLevel(result.output.level)
      return { level: result.output.level }
    },
  },
]

/** A line for each word about how far it is, and one for what it came to. */
async function* progressing<T extends object>(
  work: (tell: (blocks: number) => void) => Promise<T>,
): AsyncGenerator<object> {
  const words = pushed<number, T>(work, { bytesMax: PROGRESS_WORDS_MAX, bytesOf: () => 1 })
  for (;;) {
    const { done, value } = await words.next()
    yield done ? { type: 'done', ...value } : { type: 'progress', blocks: value }
    if (done) return
  }
}

/** The versions that a difference is of. */
async function readSides({
  parameters,
  context,
}: RouteRequest): Promise<{ to: Target; from?: Target; untilMs: number }> {
  const to = await readTarget(parameters, context.own)
  const from = parameters.text('from')
  const earlier = from === undefined ? {} : { from: await readTargetText(from, context.own) }
  return { to, ...earlier, untilMs: untilMs(parameters, context) }
}

function lookUp(parameters: Parameters, context: RouteContext): { untilMs: number; isFresh: boolean } {
  return { untilMs: untilMs(parameters, context), isFresh: parameters.flag('fresh') }
}
