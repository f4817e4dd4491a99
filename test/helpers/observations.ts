/** Observations of every type; a new type without its generator is a compile error here. */
import fc, { type Arbitrary } from 'fast-check'
import type { Observation } from '../../src/ranking/evidence.ts'

type Of<T extends Observation['type']> = Extract<Observation, { type: T }>

const amount = fc.oneof(fc.nat(1_000), fc.nat(2 ** 31 - 1))
const code = fc.constantFrom('BAD_HASH', 'BAD_WORK', 'TIMEOUT')

const GENERATORS: { readonly [T in Observation['type']]: Arbitrary<Of<T>> } = {
  served: fc.record({
    type: fc.constant('served'),
    bytes: amount,
    results: amount,
    firstByteMs: amount,
    tookMs: amount,
  }),
  'wrong bytes': fc.record({ type: fc.constant('wrong bytes'), code, certified: fc.boolean() }),
  thanked: fc.record({ type: fc.constant('thanked') }),
  welcomed: fc.record({ type: fc.constant('welcomed') }),
  'not welcomed': fc.record({ type: fc.constant('not welcomed') }),
  'timed out': fc.record({ type: fc.constant('timed out') }),
  earned: fc.record({ type: fc.constant('earned'), bid: amount }),
  misbehaved: fc.record({ type: fc.constant('misbehaved'), code }),
  refused: fc.record({ type: fc.constant('refused'), code }),
  'gave a holding': fc.record({ type: fc.constant('gave a holding'), count: amount }),
}

export const observations: Arbitrary<Observation> = fc.oneof(
  ...(Object.values(GENERATORS) as Arbitrary<Observation>[]),
)
