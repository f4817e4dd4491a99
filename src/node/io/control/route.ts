/** What a control route is: the words that tests and documents compare, and what answers it. */
import type { NodeApi } from '../../commands.ts'
import type { Renderer } from '../renderer.ts'
import type { OwnSpace, Parameters } from './asking.ts'
import type { Download } from './files.ts'

/** A caller that waits longer should ask again. */
const TIMEOUT_MS_MAX = 60_000

/** What the server's caller may wait for at most, as its configuration says. */
export interface ControlTimes {
  readonly getTimeoutMs: number
  readonly publishPatienceMs: number
}

export interface RouteContext {
  api: NodeApi
  times: ControlTimes
  own: OwnSpace
  nowMs(): number
  renderer: Renderer
  /** Aborts when the client has left. */
  signal: AbortSignal
}

export interface RouteRequest {
  parameters: Parameters
  /** NDJSON and bytes as a stream, JSON as a value, else undefined. */
  body: unknown
  /** The header `range`. */
  range: string | undefined
  context: RouteContext
}

interface RouteWords {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  /** Names of the query parameters. */
  parameters: readonly string[]
  /** What a request's body is. */
  body: 'none' | 'json' | 'ndjson' | 'bytes'
}

export type Route = RouteWords &
  (
    | { answer: 'json'; handle(request: RouteRequest): Promise<object> }
    | { answer: 'ndjson'; handle(request: RouteRequest): AsyncGenerator<object> }
    | { answer: 'bytes'; handle(request: RouteRequest): Promise<Download> }
  )

/** Until when a look-up may take: as the caller says, or as the configuration does. */
export function untilMs(parameters: Parameters, { nowMs, times }: RouteContext): number {
  return nowMs() + (parameters.whole('timeoutMs', 1, TIMEOUT_MS_MAX) ?? times.getTimeoutMs)
}
