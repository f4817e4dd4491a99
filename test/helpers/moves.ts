/**
 * Everything that may be said over a link, lawful or not: each message as it would be right now, again,
 * replayed from before, spoiled, made up, empty, of random bytes, and larger than any may be.
 */
import fc from 'fast-check'
import { type AnyCodec, encode } from '../../src/base/codec.ts'
import type { Random } from '../../src/base/random.ts'
import { MESSAGE_BYTES_MAX, MESSAGE_NAMES, MESSAGES, type MessageName } from '../../src/node/wire.ts'
import { MESSAGE_VALUES } from './generators.ts'
import { type Below, mutant } from './mutants.ts'
import type { Heard, Stranger } from './stranger.ts'

/** Well-formed bytes of a message as the moment asks for them. */
export type Lawful = (name: MessageName) => Uint8Array

export interface Move {
  what: string
  name: MessageName
  messages(end: Stranger, lawful: Lawful, below: Below): Heard[]
}

/** What may be said under one name. */
function movesOf(name: MessageName): Move[] {
  const say = (what: string, bytes: (...given: Parameters<Move['messages']>) => Uint8Array[]): Move => ({
    what: `${name}: ${what}`,
    name,
    messages: (...given) => bytes(...given).map((message) => ({ name, message })),
  })
  return [
    say('as it should be now', (_end, lawful) => [lawful(name)]),
    say('twice', (_end, lawful) => {
      const message = lawful(name)
      return [message, message]
    }),
    say('all that was said before', (end) => saidUnder(name, end)),
    say('spoiled', (end, lawful, below) => {
      const good = lawful(name)
      return [mutant(good, saidUnder(name, end)[0] ?? madeUp(name, below), below)]
    }),
    say('one bit turned', (_end, lawful, below) => {
      const good = Uint8Array.from(lawful(name))
      good[below(good.length)]! ^= 1 << below(8)
      return [good]
    }),
    say('made up', (_end, _lawful, below) => [madeUp(name, below)]),
    say('empty', () => [new Uint8Array(0)]),
    say('random bytes', (_end, _lawful, below) => [
      Uint8Array.from({ length: below(300) }, () => below(256)),
    ]),
    say('larger than any may be', (_end, _lawful, below) => [
      new Uint8Array(MESSAGE_BYTES_MAX + below(2)).fill(below(256)),
    ]),
  ]
}

export const MOVES: readonly Move[] = MESSAGE_NAMES.flatMap(movesOf)

/** A well-formed message that has nothing to do with the moment. */
export function madeUp(name: MessageName, below: Below): Uint8Array {
  const [value] = fc.sample(MESSAGE_VALUES[name] as fc.Arbitrary<unknown>, {
    seed: below(2 ** 31),
    numRuns: 1,
  })
  return encode(MESSAGES[name] as AnyCodec, value)
}

/** `Below` out of the chance of a seed. */
export function belowFrom(random: Random): Below {
  return (end) => Buffer.from(random(6)).readUIntLE(0, 6) % end
}

function saidUnder(name: MessageName, { said }: Stranger): Uint8Array[] {
  return said.filter((one) => one.name === name).map(({ message }) => message)
}
