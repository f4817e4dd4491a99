/** `sheaf count`: counts a file of ballots. It needs no node and no identity. */

import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { BLT_BYTES_MAX, pollOfBlt, readBlt } from '../agr/stv/blt.ts'
import { count } from '../agr/stv/count.ts'
import { reportText } from '../agr/stv/report.ts'
import { defaultRule, RULES, readRule } from '../agr/stv/rule.ts'
import { SheafError } from '../base/errors.ts'

/** As they come from the command line. */
export interface CountOptions {
  readonly rule?: string
  readonly seats?: string
  readonly seed?: string
  readonly keep?: string
  readonly ron?: string
  readonly json?: boolean
}

const HELP = `
Rules:
${Object.values(RULES)
  .map((rule) => `  ${rule.id.padEnd(13)} ${rule.about}`)
  .join('\n')}

Without --rule: ${defaultRule(1).id} up to ${defaultRule(1).seatsMax} seats, ${defaultRule(defaultRule(1).seatsMax + 1).id} above.
Ties go to earlier stages, then to the status quo, then to a lot that anyone can repeat.

Example:
  $ sheaf count council.blt --rule scottish/1
`

/** Adds the command; `write` takes what goes to stdout. */
export function registerCount(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  program
    .command('count')
    .summary('count a file of ranked ballots by STV')
    .description('Counts the ballots of a BLT file by single transferable vote and shows every stage.')
    .argument('<FILE.blt>', 'candidates, seats and ballots')
    .option('--rule <ID>', 'the counting rule')
    .option('--seats <N>', 'other seats than the file says')
    .option('--seed <TEXT>', 'what lots are ordered by; the title of the file, unless given')
    .option('--keep <N>', 'candidate N is the status quo, which wins a tie that would need a lot')
    .option('--ron <N>', 'candidate N is "re-open nominations"; the seats that it wins stay vacant')
    .option('--json', 'the whole transcript as one JSON object')
    .addHelpText('after', HELP)
    .action((path: string, options: CountOptions) => write(countFile(path, options)))
}

/**
 * What the command prints. Throws NOT_FOUND or BAD_ARGUMENT for the file, BAD_ARGUMENT for an
 * option, and the errors of `readBlt`.
 */
export function countFile(path: string, options: CountOptions = {}): string {
  const file = readBlt(bytesOf(path))
  const transcript = count(
    pollOfBlt(file, {
      ...(options.rule !== undefined && { rule: readRule(options.rule).id }),
      ...(options.seats !== undefined && { seats: numberOf('--seats', options.seats) }),
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(options.keep !== undefined && {
        statusQuo: candidateOf('--keep', options.keep, file.candidates.length),
      }),
      ...(options.ron !== undefined && { reopen: candidateOf('--ron', options.ron, file.candidates.length) }),
    }),
  )
  return `${options.json ? JSON.stringify(transcript) : reportText(transcript)}\n`
}

function bytesOf(path: string): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > BLT_BYTES_MAX) {
      throw new SheafError('TOO_LARGE', `${path} has ${size} bytes where ${BLT_BYTES_MAX} can be read`)
    }
    return readFileSync(path)
  } catch (cause) {
    if (cause instanceof SheafError) throw cause
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new SheafError(isMissing ? 'NOT_FOUND' : 'BAD_ARGUMENT', `cannot read ${path}`, {
      cause,
      hint: 'sheaf count takes the path of a BLT file; sheaf count --help shows an example',
    })
  }
}

function candidateOf(option: string, text: string, candidates: number): number {
  const number = numberOf(option, text)
  if (number >= 1 && number <= candidates) return number - 1
  throw new SheafError('BAD_ARGUMENT', `${option} ${number}: the candidates are numbered 1 to ${candidates}`)
}

function numberOf(option: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new SheafError(
    'BAD_ARGUMENT',
    `${option} takes a whole number, not ${JSON.stringify(text.slice(0, 20))}`,
  )
}
