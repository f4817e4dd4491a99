/**
 * Bytes spoiled by chance: some of their bits turned, parts left out, doubled, put elsewhere or taken
 * from other bytes, and lengths blown up. Chance comes as a function, so that property tests and long
 * runs spoil alike.
 */

/** A whole number from 0 to below `end`. */
export type Below = (end: number) => number

/** Longest forms of what a length may claim: 2^16 - 1, 2^32 - 1, 2^53 - 1, and more than any number may be. */
const LENGTHS = ['fdffff', 'feffffffff', 'ffffffffffffff1f00', 'ffffffffffffffffff', 'fc'].map((hex) =>
  Buffer.from(hex, 'hex'),
)
const PART_MAX = 40

type Spoil = (bytes: Uint8Array, other: Uint8Array, below: Below) => Uint8Array

const SPOILS: readonly Spoil[] = [
  function turnBit(bytes, _other, below) {
    const spoiled = Uint8Array.from(bytes)
    if (spoiled.length > 0) spoiled[below(spoiled.length)]! ^= 1 << below(8)
    return spoiled
  },
  function setByte(bytes, _other, below) {
    const spoiled = Uint8Array.from(bytes)
    if (spoiled.length > 0) spoiled[below(spoiled.length)] = below(256)
    return spoiled
  },
  function blowUp(bytes, _other, below) {
    const at = below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), LENGTHS[below(LENGTHS.length)]!, bytes.subarray(at + 1)])
  },
  function cutEnd(bytes, _other, below) {
    return bytes.subarray(0, below(bytes.length + 1))
  },
  function leaveOut(bytes, _other, below) {
    const at = below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(PART_MAX))])
  },
  function double(bytes, _other, below) {
    const at = below(bytes.length + 1)
    return Buffer.concat([
      bytes.subarray(0, at),
      bytes.subarray(at, at + 1 + below(PART_MAX)),
      bytes.subarray(at),
    ])
  },
  function insert(bytes, _other, below) {
    const at = below(bytes.length + 1)
    const some = Uint8Array.from({ length: 1 + below(PART_MAX) }, () => below(256))
    return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)])
  },
  function splice(bytes, other, below) {
    return Buffer.concat([
      bytes.subarray(0, below(bytes.length + 1)),
      other.subarray(below(other.length + 1)),
    ])
  },
]

/** `bytes` spoiled once or a few times. `other` is what parts are taken from. */
export function mutant(bytes: Uint8Array, other: Uint8Array, below: Below): Uint8Array {
  let spoiled = bytes
  for (let times = 1 + below(3); times > 0; times--)
    spoiled = SPOILS[below(SPOILS.length)]!(spoiled, other, below)
  return spoiled
}

/** At each place of `bytes` a length that claims far more than there is, and nothing behind it. */
export function* inflated(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at <= bytes.length; at++) {
    for (const length of LENGTHS) yield Buffer.concat([bytes.subarray(0, at), length])
  }
}

/** `Below` from 32-bit numbers drawn elsewhere, by fast-check for instance; past their end it begins again. */
export function belowOf(drawn: readonly number[]): Below {
  let next = 0
  return (end) => (drawn.length === 0 ? 0 : (drawn[next++ % drawn.length]! >>> 0) % end)
}
