/** A row of the table of hostile cases: what somebody does, and the code that it comes to. */
import type { ErrorCode } from '../../src/base/errors.ts'

export type Row = {
  /** What is done, as a phrase. */
  what: string
  code: ErrorCode
} & (
  | {
      /** Does it for real; the code that came of it. */
      provoke(): ErrorCode | undefined | Promise<ErrorCode | undefined>
    }
  | {
      /** The test that does it, where it takes a disk, a socket or a process. */
      provokedBy: string
    }
)
