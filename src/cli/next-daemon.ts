/** Commands that go on over the restarts of the daemon wait here for the next one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asSheafError, SheafError } from '../base/errors.ts'
import type { Cli } from './cli.ts'

const LOOK_EVERY_MS = 250

/** Waits until a daemon answers here. Throws CANCELLED. */
export async function nextDaemon(cli: Cli): Promise<void> {
  for (;;) {
    try {
      await cli.client().ask('/v1/status')
      return
    } catch (error) {
      const { code } = asSheafError(error)
      if (code !== 'NOT_RUNNING' && code !== 'TIMEOUT') throw error
    }
    if (cli.shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
    await sleep(LOOK_EVERY_MS)
  }
}
