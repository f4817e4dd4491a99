/** The command line of `npm run bench`. */

import { parseArgs } from 'node:util'
import { SheafError } from '../../src/base/errors.ts'

/** FIGURES asks for 7 pairs; fewer is for trying a change out, and the JSON says how many there were. */
const PAIRS_DEFAULT = 7
const PAIRS_MAX = 99
/** FIGURES: an idle node is watched for 5 minutes. */
const SECONDS_DEFAULT = 300
const SECONDS_MAX = 86_400

export interface BenchArguments {
  /** The bench to run; undefined lists them. */
  readonly name: string | undefined
  readonly json: boolean
  readonly dataDir: string | undefined
  readonly pairs: number
  /** How long a bench that watches a node watches it. */
  readonly seconds: number
  /** Kinds of the bench to run (`text`, `random`, …); undefined runs all. */
  readonly only: readonly string[] | undefined
}

/** Throws BAD_ARGUMENT on an option that does not exist, a second name, or a number out of range. */
export function readArguments(argv: readonly string[]): BenchArguments {
  const { values, positionals } = parse(argv)
  if (positionals.length > 1) {
    throw new SheafError('BAD_ARGUMENT', `one bench at a time, not ${positionals.join(' and ')}`)
  }
  return {
    name: positionals[0],
    json: values.json ?? false,
    dataDir: values.data,
    pairs: readCount('--pairs', values.pairs, PAIRS_DEFAULT, PAIRS_MAX),
    seconds: readCount('--seconds', values.seconds, SECONDS_DEFAULT, SECONDS_MAX),
    only: values.only?.split(',').filter((kind) => kind !== ''),
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        data: { type: 'string' },
        pairs: { type: 'string' },
        seconds: { type: 'string' },
        only: { type: 'string' },
      },
    })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new SheafError('BAD_ARGUMENT', message, { cause, hint: 'npm run bench' })
  }
}

function readCount(option: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > max)
    throw new SheafError('BAD_ARGUMENT', `${option} takes 1 to ${max}, not ${text}`)
  return count
}
