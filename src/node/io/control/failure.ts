/** Errors on their way through the control API: as JSON, as an HTTP status, and back. */
import { asSheafError, ERROR_CODES, type ErrorCode, SheafError } from '../../../base/errors.ts'

export interface AskedJson {
  device: string
  answer: string
}

/** `{"error": Failure}` is what every route answers with where it fails. */
export interface Failure {
  code: ErrorCode
  message: string
  hint?: string
  /** Who was asked, where something was looked for. */
  asked?: AskedJson[]
}

/** The HTTP status that fits best; programs go by `code`. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  TRUNCATED: 502,
  TRAILING_BYTES: 502,
  TOO_LARGE: 413,
  NOT_CANONICAL: 502,
  BAD_FORMAT: 400,
  UNKNOWN_KIND: 502,
  BAD_HASH: 502,
  BAD_SIGNATURE: 502,
  BAD_KEY: 502,
  BAD_PUZZLE: 502,
  BAD_GZIP: 502,
  BAD_TEXT: 400,
  BAD_PATH: 400,
  BAD_TIME: 502,
  BAD_CHAIN: 502,
  RETIRED_KEY: 502,
  NO_COMMON_VERSION: 502,
  WRONG_SESSION: 502,
  EXPIRED: 504,
  REPLAYED: 502,
  BAD_WORK: 502,
  WRONG_QUERY: 502,
  UNEXPECTED_MESSAGE: 502,
  UNSUPPORTED: 501,
  WINDOW_EXCEEDED: 503,
  BUSY: 503,
  TOO_EXPENSIVE: 503,
  SNAPSHOT_GONE: 410,
  REFUSED: 403,
  NOT_FOUND: 404,
  UNREACHABLE: 503,
  BAD_PROOF: 502,
  NO_PEERS: 503,
  TIMEOUT: 504,
  NOT_HELD: 503,
  INCOMPLETE: 500,
  AMBIGUOUS: 409,
  STALE: 409,
  CONFLICT: 409,
  NO_IDENTITY: 409,
  BAD_PASSPHRASE: 409,
  ALREADY_EXISTS: 409,
  ALREADY_RUNNING: 409,
  NOT_RUNNING: 503,
  BAD_CONFIG: 400,
  BAD_ARGUMENT: 400,
  BAD_STORE: 500,
  DISK_FULL: 507,
  QUOTA_FULL: 507,
  NO_NETWORK: 503,
  CANCELLED: 503,
  INTERNAL: 500,
}

const CODES: ReadonlySet<string> = new Set(ERROR_CODES)
/** Who was asked is for people to read; a crowd says no more than its first members. */
const ASKED_MAX = 64

/** `idText` writes the ids of an error of the node itself; those that came through the control API are text. */
export function failureOf(error: unknown, idText?: (id: Uint8Array) => string): Failure {
  const { code, message, hint, details } = asSheafError(error)
  const asked = readAsked(details?.asked, idText)
  return {
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(asked.length > 0 && { asked }),
  }
}

/** `{"error": …}` → the error that it tells of; INTERNAL where it tells of none that we know. */
export function errorFrom(answer: unknown): SheafError {
  const { error } = isObject(answer) ? answer : {}
  if (!isObject(error) || typeof error.code !== 'string' || !CODES.has(error.code)) {
    return new SheafError('INTERNAL', 'the daemon failed without saying how')
  }
  const asked = readAsked(error.asked)
  return new SheafError(error.code as ErrorCode, String(error.message ?? error.code), {
    ...(typeof error.hint === 'string' && { hint: error.hint }),
    ...(asked.length > 0 && { details: { asked } }),
  })
}

/** As the service has it, with ids, or as JSON had it, with text. */
function readAsked(value: unknown, idText?: (id: Uint8Array) => string): AskedJson[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, ASKED_MAX).flatMap((one: unknown) => {
    if (!isObject(one)) return []
    const { device, answer } = one
    const text = device instanceof Uint8Array ? idText?.(device) : device
    return typeof text === 'string' ? [{ device: text, answer: String(answer) }] : []
  })
}

function isObject(value: unknown): value is { [field: string]: unknown } {
  return typeof value === 'object' && value !== null
}
