/**
 * Typed, bounded, canonical codecs over compact-encoding.
 *
 * A value has exactly one encoding: integers take their shortest form, text is
 * well-formed UTF-8, flags are 0 or 1. Whatever else arrives is refused, so that
 * decode → encode gives the bytes back. Every variable length states its maximum,
 * which is checked before memory is taken for it.
 */
import { isUtf8 } from 'node:buffer'
import c from 'compact-encoding'
import { plainError, SheafError } from './errors.ts'

/** A position in a buffer; the same shape as compact-encoding's state. */
export interface State {
  start: number
  end: number
  buffer: Uint8Array
}

export interface Codec<T> {
  preencode(state: State, value: T): void
  encode(state: State, value: T): void
  decode(state: State): T
  /** Of a codec of named fields: puts them into a value that has others already. */
  decodeInto?(state: State, value: object): void
}

// biome-ignore lint/suspicious/noExplicitAny: a codec of whatever, for tables of codecs; Codec is invariant, so unknown and never do not serve
export type AnyCodec = Codec<any>

/** The value that a codec is for. */
export type Value<C> = C extends Codec<infer T> ? T : never

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const state: State = { start: 0, end: 0, buffer: NOTHING }
  codec.preencode(state, value)
  state.buffer = Buffer.allocUnsafe(state.end)
  codec.encode(state, value)
  return state.buffer
}

/** Bytes that `encode` would write. */
export function encodedBytes<T>(codec: Codec<T>, value: T): number {
  const state: State = { start: 0, end: 0, buffer: NOTHING }
  codec.preencode(state, value)
  return state.end
}

/** The value that `bytes` hold, all of them. Byte fields are views into `bytes`. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
  const value = codec.decode(state)
  if (state.start !== state.end) {
    throw plainError('TRAILING_BYTES', `${state.end - state.start} bytes after the end`)
  }
  return value
}

/** An integer from `min` to `max` in its shortest form: 1, 3, 5 or 9 bytes. */
export function uint(max: number = Number.MAX_SAFE_INTEGER, min = 0): Codec<number> {
  const inRange = (value: number): number => {
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw plainError('TOO_LARGE', `${value} where ${min} to ${max} fits`)
    }
    return value
  }
  return {
    preencode: (state, value) => c.uint.preencode(state, inRange(value)),
    encode: (state, value) => c.uint.encode(state, value),
    decode: (state) => inRange(readUint(state)),
  }
}

/** Exactly `length` bytes, without a prefix. */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    preencode(state, value) {
      if (value.byteLength !== length) {
        throw new SheafError('BAD_FORMAT', `${value.byteLength} bytes where ${length} belong`)
      }
      state.end += length
    },
    encode: write,
    decode: (state) => take(state, length),
  }
}

/** At most `max` bytes after their length. */
export function bytes(max: number, min = 0): Codec<Uint8Array> {
  const length = uint(max, min)
  return {
    preencode(state, value) {
      length.preencode(state, value.byteLength)
      state.end += value.byteLength
    },
    encode(state, value) {
      length.encode(state, value.byteLength)
      write(state, value)
    },
    decode: (state) => take(state, length.decode(state)),
  }
}

/** Well-formed UTF-8 of at most `max` bytes after its length in bytes. */
export function text(max: number, min = 0): Codec<string> {
  const length = uint(max, min)
  return {
    preencode(state, value) {
      if (!value.isWellFormed()) throw new SheafError('BAD_TEXT', 'text with half a surrogate pair')
      const size = Buffer.byteLength(value)
      length.preencode(state, size)
      state.end += size
    },
    encode(state, value) {
      length.encode(state, Buffer.byteLength(value))
      write(state, Buffer.from(value))
    },
    decode: (state) => readUtf8(take(state, length.decode(state))),
  }
}

/** At most `max` items after their number. */
export function list<T>(item: Codec<T>, max: number, min = 0): Codec<T[]> {
  const count = uint(max, min)
  return {
    preencode(state, value) {
      count.preencode(state, value.length)
      for (const one of value) item.preencode(state, one)
    },
    encode(state, value) {
      count.encode(state, value.length)
      for (const one of value) item.encode(state, one)
    },
    decode(state) {
      const length = count.decode(state)
      const value: T[] = []
      for (let i = 0; i < length; i++) value.push(item.decode(state))
      return value
    },
  }
}

/** 0, or 1 and the value. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    preencode(state, value) {
      state.end += 1
      if (value !== undefined) item.preencode(state, value)
    },
    encode(state, value) {
      flag.encode(state, value !== undefined)
      if (value !== undefined) item.encode(state, value)
    },
    decode: (state) => (flag.decode(state) ? item.decode(state) : undefined),
  }
}

/** One byte, 0 or 1. */
export const flag: Codec<boolean> = {
  preencode(state) {
    state.end += 1
  },
  encode(state, value) {
    state.buffer[state.start++] = value ? 1 : 0
  },
  decode(state) {
    const byte = readByte(state)
    if (byte > 1) throw plainError('NOT_CANONICAL', `a flag of ${byte}`)
    return byte === 1
  },
}

/** The latest time that fits. */
export const TIME_MS_MAX: number = 2 ** 48 - 1

/** Milliseconds since 1970 in 6 bytes, little-endian: enough until the year 10889. */
export const timeMs: Codec<number> = {
  preencode(state, value) {
    if (!Number.isSafeInteger(value) || value < 0 || value > TIME_MS_MAX) {
      throw new SheafError('BAD_TIME', `${value} is no time in milliseconds`)
    }
    state.end += 6
  },
  encode(state, value) {
    const { buffer } = state
    let rest = value
    for (let i = 0; i < 6; i++) {
      buffer[state.start++] = rest % 256
      rest = Math.floor(rest / 256)
    }
  },
  decode(state) {
    const at = take(state, 6)
    return (
      at[0]! + at[1]! * 2 ** 8 + at[2]! * 2 ** 16 + at[3]! * 2 ** 24 + at[4]! * 2 ** 32 + at[5]! * 2 ** 40
    )
  },
}

/** 32 bytes: an id, a hash, a device key, a locator. */
export const id32: Codec<Uint8Array> = fixed(32)

type Fields = Record<string, AnyCodec>
type Struct<F> = { [K in keyof F]: Value<F[K]> }

/** The fields in the order in which they are named. */
export function struct<F extends { [name: string]: unknown }>(
  fields: {
    [K in keyof F]: Codec<F[K]>
  },
): Codec<{ [K in keyof F]: F[K] }> {
  // By number: to take pairs apart costs more than most fields do.
  const names = Object.keys(fields)
  const codecs = Object.values(fields) as Codec<unknown>[]
  const decodeInto = (state: State, value: Record<string, unknown>): void => {
    for (let i = 0; i < codecs.length; i++) value[names[i]!] = codecs[i]!.decode(state)
  }
  return {
    preencode(state, value) {
      for (let i = 0; i < codecs.length; i++) codecs[i]!.preencode(state, value[names[i]!])
    },
    encode(state, value) {
      for (let i = 0; i < codecs.length; i++) codecs[i]!.encode(state, value[names[i]!])
    },
    decode(state) {
      const value = {}
      decodeInto(state, value)
      return value as { [K in keyof F]: F[K] }
    },
    decodeInto,
  }
}

/** One of several shapes, told apart by `type`; the number on the wire is the position in `cases`. */
export function variant<F extends Fields>(
  cases: F,
): Codec<{ [K in keyof F]: { type: K } & Struct<F>[K] }[keyof F]> {
  type Case = { [K in keyof F]: { type: K } & Struct<F>[K] }[keyof F]
  const names = Object.keys(cases)
  const codecs = Object.values(cases) as Codec<unknown>[]
  const tag = uint(names.length - 1)
  const indexOf = (value: Case): number => {
    const index = names.indexOf(value.type as string)
    if (index < 0) throw new SheafError('UNKNOWN_KIND', `no case named ${String(value.type)}`)
    return index
  }
  return {
    preencode(state, value) {
      const index = indexOf(value)
      tag.preencode(state, index)
      codecs[index]!.preencode(state, value)
    },
    encode(state, value) {
      const index = indexOf(value)
      tag.encode(state, index)
      codecs[index]!.encode(state, value)
    },
    decode(state) {
      const index = readUint(state)
      const codec = codecs[index]
      if (codec === undefined) throw plainError('UNKNOWN_KIND', `case ${index} of ${names.length}`)
      const value = { type: names[index] }
      // Not spread: V8 makes the shape of such a value anew each time.
      if (codec.decodeInto !== undefined) codec.decodeInto(state, value)
      else Object.assign(value, codec.decode(state))
      return value as Case
    },
  }
}

/** A codec whose decoded values must also pass `check`, which throws. */
export function checked<T>(codec: Codec<T>, check: (value: T) => void): Codec<T> {
  return {
    preencode(state, value) {
      check(value)
      codec.preencode(state, value)
    },
    encode: (state, value) => codec.encode(state, value),
    decode(state) {
      const value = codec.decode(state)
      check(value)
      return value
    },
  }
}

/** UTF-8 to text; BAD_TEXT where it is not well-formed. A byte-order mark is kept. */
export function readUtf8(utf8: Uint8Array): string {
  requireUtf8(utf8)
  return Buffer.prototype.utf8Slice.call(utf8, 0, utf8.byteLength)
}

/** Throws BAD_TEXT where the bytes are not well-formed UTF-8. */
export function requireUtf8(utf8: Uint8Array): void {
  if (!isUtf8(utf8)) throw plainError('BAD_TEXT', 'not well-formed UTF-8')
}

/** The next `length` bytes as a view. */
export function take(state: State, length: number): Uint8Array {
  const { start } = state
  if (length > state.end - start) {
    throw plainError('TRUNCATED', `${length} bytes announced, ${state.end - start} left`)
  }
  state.start = start + length
  return state.buffer.subarray(start, state.start)
}

/** An unsigned integer in its shortest form. */
export function readUint(state: State): number {
  const first = readByte(state)
  if (first <= 0xfc) return first
  const width = first === 0xfd ? 2 : first === 0xfe ? 4 : 8
  const at = take(state, width)
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + at[i]!
  if (value > Number.MAX_SAFE_INTEGER) throw plainError('TOO_LARGE', 'an integer above 2^53')
  if (value <= SHORTER_MAX[width]!) throw plainError('NOT_CANONICAL', `${value} in ${width + 1} bytes`)
  return value
}

function readByte(state: State): number {
  if (state.start >= state.end) throw plainError('TRUNCATED', 'a byte is missing at the end')
  return state.buffer[state.start++]!
}

function write(state: State, value: Uint8Array): void {
  state.buffer.set(value, state.start)
  state.start += value.byteLength
}

/** The largest value that the next shorter form holds, by width in bytes. */
const SHORTER_MAX: Record<number, number> = { 2: 0xfc, 4: 0xffff, 8: 0xffffffff }

const NOTHING = new Uint8Array(0)
