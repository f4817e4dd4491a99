/**
 * The counting rules. A rule's id is part of what voters sign, so the meaning of an id never
 * changes: a mended rule gets a new number.
 */

import { SheafError } from '../../base/errors.ts'

/** Fractions grow with every surplus: up to 8 seats they stay at a few hundred digits. */
export const EXACT_SEATS_MAX = 8

/** More seats than candidates only leave vacancies, so the bound is that of the candidates. */
export const SEATS_MAX = 1000

export type RuleId = 'wigm-exact/1' | 'wigm-fixed/1' | 'scottish/1' | 'meek-prf/1'

export interface Rule {
  readonly id: RuleId
  /** How a surplus finds its way: in one step on (`wigm`), or by keep factors (`meek`). */
  readonly method: 'wigm' | 'meek'
  /** Decimals of every number of the count; undefined where numbers are fractions and nothing is rounded. */
  readonly decimals: number | undefined
  readonly seatsMax: number
  /** One line for a person. */
  readonly about: string
}

export const RULES: Readonly<Record<RuleId, Rule>> = {
  'wigm-exact/1': {
    id: 'wigm-exact/1',
    method: 'wigm',
    decimals: undefined,
    seatsMax: EXACT_SEATS_MAX,
    about: 'weighted inclusive Gregory in exact fractions; elected above ballots / (seats + 1)',
  },
  'wigm-fixed/1': {
    id: 'wigm-fixed/1',
    method: 'wigm',
    decimals: 9,
    seatsMax: SEATS_MAX,
    about: 'the same to nine decimals, rounded down, for more than 8 seats',
  },
  'scottish/1': {
    id: 'scottish/1',
    method: 'wigm',
    decimals: 5,
    seatsMax: SEATS_MAX,
    about: 'Scottish local elections (SSI 2011/399): whole quota, five decimals cut off per paper',
  },
  'meek-prf/1': {
    id: 'meek-prf/1',
    method: 'meek',
    decimals: 9,
    seatsMax: SEATS_MAX,
    about: "Meek's method by the reference rule of the Proportional Representation Foundation",
  },
}

/** The rule of a group that names none: exact as far as fractions stay small. */
export function defaultRule(seats: number): Rule {
  return RULES[seats <= EXACT_SEATS_MAX ? 'wigm-exact/1' : 'wigm-fixed/1']
}

/** The rule called `id`. Throws BAD_ARGUMENT. */
export function readRule(id: string): Rule {
  if (Object.hasOwn(RULES, id)) return RULES[id as RuleId]
  throw new SheafError('BAD_ARGUMENT', `no counting rule is called ${JSON.stringify(id.slice(0, 40))}`, {
    hint: `--rule takes one of ${Object.keys(RULES).join(', ')}`,
  })
}
