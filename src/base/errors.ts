/**
 * Every failure that Sheaf reports carries one of these codes. The README has a
 * heading for each, with its meaning and its remedy; a test holds the two together.
 */
export const ERROR_CODES = [
  // bytes that a stranger sent or a file held
  'TRUNCATED',
  'TRAILING_BYTES',
  'TOO_LARGE',
  'NOT_CANONICAL',
  'BAD_FORMAT',
  'UNKNOWN_KIND',
  'BAD_HASH',
  'BAD_SIGNATURE',
  'BAD_KEY',
  'BAD_PUZZLE',
  'BAD_GZIP',
  'BAD_TEXT',
  'BAD_PATH',
  'BAD_TIME',
  'BAD_CHAIN',
  'RETIRED_KEY',
  // the session
  'NO_COMMON_VERSION',
  'WRONG_SESSION',
  'EXPIRED',
  'REPLAYED',
  'BAD_WORK',
  'WRONG_QUERY',
  'UNEXPECTED_MESSAGE',
  'UNSUPPORTED',
  'WINDOW_EXCEEDED',
  'BUSY',
  'TOO_EXPENSIVE',
  'SNAPSHOT_GONE',
  'REFUSED',
  // looking up, publishing
  'NOT_FOUND',
  'UNREACHABLE',
  'BAD_PROOF',
  'NO_PEERS',
  'TIMEOUT',
  'NOT_HELD',
  'INCOMPLETE',
  'AMBIGUOUS',
  'STALE',
  'CONFLICT',
  // this machine
  'NO_IDENTITY',
  'BAD_PASSPHRASE',
  'ALREADY_EXISTS',
  'ALREADY_RUNNING',
  'NOT_RUNNING',
  'BAD_CONFIG',
  'BAD_ARGUMENT',
  'BAD_STORE',
  'DISK_FULL',
  'QUOTA_FULL',
  'NO_NETWORK',
  'CANCELLED',
  'INTERNAL',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** The one error class. `code` is stable and documented; `message` is one line for a person. */
export class SheafError extends Error {
  readonly code: ErrorCode
  /** The exact command or change that mends it, where there is one. */
  readonly hint: string | undefined
  /** What a program may want to know: who was asked, for example. */
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; hint?: string; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SheafError'
    this.code = code
    this.hint = options.hint
    this.details = options.details
  }
}

/** An error without a stack, at a tenth of the cost: for what strangers do in any number, and where the code says all. */
export function plainError(code: ErrorCode, message: string): SheafError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return new SheafError(code, message)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The `SheafError` in `error`, or an INTERNAL one that wraps it. */
export function asSheafError(error: unknown): SheafError {
  if (error instanceof SheafError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new SheafError('INTERNAL', message, { cause: error })
}

/** Runs `check` and tells the code it failed with, or undefined where it passed. */
export function codeOf(check: () => unknown): ErrorCode | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return asSheafError(error).code
  }
}

/** The default branch of a switch over a union: a new member is a compile error here. */
export function unreachable(value: never): never {
  throw new SheafError('INTERNAL', `no case for ${JSON.stringify(value)}`)
}
