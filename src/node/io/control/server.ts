/**
 * The control API: HTTP and JSON over a unix socket that only its owner may open. It is the way in
 * for the command line, and for programs of the same user.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { SheafError } from '../../../base/errors.ts'
import { idToText } from '../../../base/text-id.ts'
import type { Space } from '../../../content/space.ts'
import type { NodeApi } from '../../commands.ts'
import { spaceNamed } from '../names-file.ts'
import { makePrivateFolder } from '../paths.ts'
import { startRenderer } from '../renderer.ts'
import { diskError } from '../store/disk-error.ts'
import { type OwnSpace, Parameters } from './asking.ts'
import { failureOf, HTTP_STATUS } from './failure.ts'
import { lineOf } from './lines.ts'
import type { ControlTimes, Route, RouteContext } from './route.ts'
import { ROUTES } from './routes.ts'

export interface ControlOptions {
  socketPath: string
  config: ControlTimes
  /** Where the local names are kept; nobody has one without it. */
  home?: string
  nowMs?(): number
}

export interface ControlServer {
  /** Ends what is under way, then the socket. A second call does nothing. */
  close(): Promise<void>
}

/** Of JSON bodies; a publish streams and bounds its lines. */
const BODY_BYTES_MAX = 64 * 1024
const HEADER_BYTES_MAX = 32 * 1024
const CONNECTIONS_MAX = 64
/** A request's headers must be there by then. */
const HEADERS_TIMEOUT_MS = 10_000
/** Neither group nor others may open the socket, from its first moment on. */
const SOCKET_UMASK = 0o177
const SOCKET_MODE = 0o600
const NDJSON = 'application/x-ndjson'
const BYTES = 'application/octet-stream'

/**
 * Serves `api` at `socketPath`. Whoever calls has locked the home: a socket that is there was left by
 * a process that is gone, and makes room. Errors: BAD_STORE, REFUSED where the folder is not ours.
 */
export async function serveControl(api: NodeApi, options: ControlOptions): Promise<ControlServer> {
  // Fastify takes a tenth of a second to load: the node starts to meet others before.
  const { fastify } = await import('fastify')
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    logger: false,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 },
  })
  app.removeContentTypeParser('text/plain')
  // The stream itself: its lines are read, and bounded, as they come.
  app.addContentTypeParser([NDJSON, BYTES], (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', async (request) => refuseOrigin(request))
  app.setErrorHandler((error, _request, reply) => answerFailure(reply, fromFastify(error)))
  app.setNotFoundHandler((request, reply) =>
    answerFailure(
      reply,
      new SheafError('UNSUPPORTED', `there is no route ${request.method} ${request.url.slice(0, 200)}`),
    ),
  )
  const leaving = new AbortController()
  const renderer = startRenderer()
  const shared = {
    api,
    times: options.config,
    own: ownSpace(api, options.home),
    nowMs: options.nowMs ?? Date.now,
    renderer,
  }
  for (const route of ROUTES) {
    app.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) => answer(route, request, reply, shared, leaving.signal),
    })
  }
  await app.ready()
  await listen(app.server, options.socketPath)
  return {
    async close() {
      if (leaving.signal.aborted) return
      leaving.abort()
      await closeServer(app.server)
      await app.close()
      await renderer.close()
    },
  }
}

/** Binding happens within the call, so the narrow umask holds for nothing else. */
async function listen(server: Server, socketPath: string): Promise<void> {
  makePrivateFolder(dirname(socketPath))
  removeStale(socketPath)
  server.maxConnections = CONNECTIONS_MAX
  const umask = process.umask(SOCKET_UMASK)
  try {
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socketPath, resolve)
    })
    process.umask(umask)
    await listening
    chmodSync(socketPath, SOCKET_MODE)
  } catch (error) {
    throw diskError(error, `cannot listen at ${socketPath}`)
  } finally {
    process.umask(umask)
  }
}

function removeStale(socketPath: string): void {
  const stat = lstatSync(socketPath, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isSocket()) throw new SheafError('BAD_STORE', `${socketPath} is in the way: it is no socket`)
  rmSync(socketPath)
}

/** Events and slow requests would keep it open for ever: those that are not done in a moment are cut. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS)
  await closed
  clearTimeout(cut)
}

/** An answer that is already on its way gets this long to arrive. */
const CLOSE_WITHIN_MS = 500

/** A browser names the page that asks; no page has any business here. */
function refuseOrigin({ headers }: FastifyRequest): void {
  if (headers.origin !== undefined) throw new SheafError('REFUSED', 'requests of web pages are refused')
}

async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  shared: Omit<RouteContext, 'signal'>,
  leaving: AbortSignal,
): Promise<unknown> {
  const parameters = new Parameters(request.query, route.parameters)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, leaving])
  // whoever waits when the node stops is cut off, and not told that they left
  const context = { ...shared, api: leavable(shared.api, gone.signal), signal }
  const isStream = route.body === 'ndjson' || route.body === 'bytes'
  const body = isStream ? bodyStream(request.body, route.body) : request.body
  const asked = { parameters, body, range: request.headers.range, context }
  if (route.answer === 'json') return route.handle(asked)
  if (route.answer === 'bytes') {
    const { status, headers, body } = await route.handle(asked)
    return reply
      .status(status)
      .headers(headers)
      .send(Readable.from(body, { objectMode: true, highWaterMark: 1 }))
  }
  const values = route.handle(asked)
  // What fails before the first value still has a status of its own.
  const first = await values.next()
  const lines = Readable.from(linesOf(first, values), { objectMode: true, highWaterMark: 4 })
  return reply.type(NDJSON).send(lines)
}

/** The same node, for somebody who may leave before it has answered. */
function leavable(api: NodeApi, signal: AbortSignal): NodeApi {
  return { ...api, run: (command, progress) => api.run(command, progress, signal) }
}

/** Leaving it half-read does not cut the connection: the answer says why, and goes the same way. */
function bodyStream(body: unknown, kind: Route['body']): AsyncIterable<Uint8Array> {
  if (!(body instanceof Readable)) {
    const wanted =
      kind === 'bytes'
        ? `the file, with content-type: ${BYTES}`
        : `a stream of lines, with content-type: ${NDJSON}`
    throw new SheafError('BAD_ARGUMENT', `the body is ${wanted}`)
  }
  return body.iterator({ destroyOnReturn: false })
}

async function* linesOf(first: IteratorResult<object>, rest: AsyncGenerator<object>): AsyncGenerator<string> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield lineOf(next.value)
  } catch (error) {
    yield lineOf({ type: 'error', error: failureOf(error, idToText) })
  } finally {
    await rest.return(undefined)
  }
}

/** The entity does not change while the node runs; names may. */
function ownSpace(api: NodeApi, home: string | undefined): OwnSpace {
  let own: Space | undefined
  return async (name) => {
    if (name !== undefined) return spaceNamed(home, name)
    if (own !== undefined) return own
    const { entity } = await api.run({ type: 'status' })
    if (entity === undefined) {
      throw new SheafError('NO_IDENTITY', 'this node has no identity', { hint: 'sheaf init' })
    }
    own = { type: 'entity', id: entity }
    return own
  }
}

function answerFailure(reply: FastifyReply, error: unknown): void {
  const failure = failureOf(error, idToText)
  void reply.status(HTTP_STATUS[failure.code]).send({ error: failure })
}

/** Fastify's own complaints are about the form of a request. */
function fromFastify(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SheafError) return error
  const { statusCode, message } = error as Error & { statusCode?: number }
  if (statusCode === 413) return new SheafError('TOO_LARGE', `a body of more than ${BODY_BYTES_MAX} bytes`)
  if (statusCode === undefined || statusCode >= 500) return error
  return new SheafError('BAD_ARGUMENT', message, { cause: error })
}
