/** Asking a person before something is done that is hard to take back. */
import { SheafError } from '../base/errors.ts'
import type { Shell } from './shell.ts'

export interface AskOptions {
  readonly yes?: boolean
}

/**
 * Returns where the answer is yes, or `--yes` was given. Throws CANCELLED where it is not, and BAD_ARGUMENT, with
 * `flag` named, where nobody is there to be asked.
 */
export async function confirm(
  shell: Shell,
  question: string,
  { yes = false }: AskOptions,
  flag = '--yes',
): Promise<void> {
  if (yes) return
  const answer = await shell.ask(`${question} [y/N] `)
  if (answer === undefined) {
    throw new SheafError('BAD_ARGUMENT', `nobody to ask: "${question}" needs a terminal, or ${flag}`, {
      hint: `add ${flag} where you mean it`,
    })
  }
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new SheafError('CANCELLED', 'nothing was done')
}
