/** The command line of `npm run soak`. */
import { parseArgs } from 'node:util'
import { SheafError } from '../../src/base/errors.ts'
import type { Soak } from './soak.ts'

const SEED = /^[A-Za-z0-9._-]{1,64}$/

export interface SoakArguments {
  readonly seed: string | undefined
  readonly json: boolean
  readonly plant: string | undefined
  readonly numbers: Readonly<Record<string, number>>
}

/** Reads what stands behind the name of a soak. Throws BAD_ARGUMENT on what it does not take. */
export function readSoakArguments(
  argv: readonly string[],
  { numbers, plants }: Pick<Soak, 'numbers' | 'plants'>,
): SoakArguments {
  const values = parse(argv, Object.keys(numbers))
  const { seed, plant } = values
  if (typeof seed === 'string' && !SEED.test(seed))
    throw new SheafError('BAD_ARGUMENT', '--seed takes 1 to 64 letters, digits, dots, dashes and underscores')
  if (typeof plant === 'string' && !Object.hasOwn(plants, plant))
    throw new SheafError(
      'BAD_ARGUMENT',
      `--plant takes ${Object.keys(plants).join(' or ') || 'nothing here'}, not ${plant}`,
    )
  return {
    seed: typeof seed === 'string' ? seed : undefined,
    json: values.json === true,
    plant: typeof plant === 'string' ? plant : undefined,
    numbers: Object.fromEntries(
      Object.entries(numbers).map(([name, range]) => [name, readNumber(name, values[name], range)]),
    ),
  }
}

function parse(argv: readonly string[], numbers: readonly string[]): Record<string, string | boolean> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        json: { type: 'boolean' },
        seed: { type: 'string' },
        plant: { type: 'string' },
        ...Object.fromEntries(numbers.map((name) => [name, { type: 'string' as const }])),
      },
    })
    return values as Record<string, string | boolean>
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new SheafError('BAD_ARGUMENT', message, { cause, hint: 'npm run soak' })
  }
}

function readNumber(
  name: string,
  text: string | boolean | undefined,
  { default: usual, min, max }: Soak['numbers'][string],
): number {
  if (typeof text !== 'string') return usual
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= min && number <= max))
    throw new SheafError('BAD_ARGUMENT', `--${name} takes a whole number from ${min} to ${max}, not ${text}`)
  return number
}
