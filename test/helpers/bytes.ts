/** Bytes as tests write, compare and spoil them. */
import { type ErrorCode, SheafError } from '../../src/base/errors.ts'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => Buffer.from(text, 'hex')
export const utf8 = (text: string): Uint8Array => Buffer.from(text)

/** A value with its bytes in hexadecimal, for comparing: Buffers and plain arrays alike. Fields that are undefined are left out. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${hex(value)}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]))
}

/** The inverse of `plain`: a vector's JSON → the value with its bytes. */
export function unplain(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('0x') ? unhex(value.slice(2)) : value
  if (Array.isArray(value)) return value.map(unplain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, unplain(field)]))
}

/** Every shorter beginning of `bytes`, and nothing of it. */
export function truncations(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, length) => bytes.subarray(0, length))
}

/** `bytes` with one byte changed: each of them by its lowest bit, by its highest, and by all. */
export function* flips(bytes: Uint8Array): Generator<{ at: number; bytes: Uint8Array }> {
  for (let at = 0; at < bytes.byteLength; at++) {
    for (const bits of [0x01, 0x80, 0xff]) {
      const changed = Uint8Array.from(bytes)
      changed[at]! ^= bits
      yield { at, bytes: changed }
    }
  }
}

export function withTrailing(bytes: Uint8Array, extra: Uint8Array = Uint8Array.of(0)): Uint8Array {
  return Buffer.concat([bytes, extra])
}

/**
 * The code that `check` fails with, or undefined where it passes. An error without a code is passed on:
 * a crash must fail the test that provokes it, never count as a refusal.
 */
export function refusal(check: () => unknown): ErrorCode | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof SheafError && error.code !== 'INTERNAL') return error.code
    throw error
  }
}
