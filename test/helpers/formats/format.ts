/** What the table of formats says of each, and what its entries are made of. */
import type { Arbitrary } from 'fast-check'
import { type AnyCodec, decode, encode, readUtf8 } from '../../../src/base/codec.ts'

/** One format: `write` gives valid bytes of it; `read` takes them, or throws a SheafError. */
export interface Format {
  name: string
  /** What reads it: file and name of codecs and functions, as the sources have them. */
  readers: string[]
  values: Arbitrary<unknown>
  write(value: never): Uint8Array
  read(bytes: Uint8Array): unknown
  /** What was read, written again: undefined where there is no writer for all that can be read. */
  again?(value: never): Uint8Array | undefined
  /** A value has one form only: what is read is written again byte for byte. Else: as something that reads as the same. */
  isOneForm: boolean
  /** No cut and nothing behind the end is valid. */
  isWhole: boolean
  /** What comes back from `read` is the value itself. */
  isValue: boolean
  /** Takes a file for each reading. */
  isSlow?: boolean
}

export const EXACT = { isOneForm: true, isWhole: true, isValue: false }
export const FREE = { isOneForm: false, isWhole: false, isValue: false }

export function byCodec(name: string, reader: string, codec: AnyCodec, values: Arbitrary<unknown>): Format {
  return {
    name,
    readers: [reader],
    values,
    write: (value: unknown) => encode(codec, value),
    read: (bytes) => decode(codec, bytes),
    again: (value: unknown) => encode(codec, value),
    ...EXACT,
    isValue: true,
  }
}

export const asText =
  <T>(read: (text: string) => T) =>
  (bytes: Uint8Array): T =>
    read(readUtf8(bytes))
