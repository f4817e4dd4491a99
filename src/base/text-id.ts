/**
 * The text form of ids: 32 bytes as lower-case base32 (RFC 4648, alphabet a-z 2-7) without
 * padding. Each id has exactly one text, safe in file names, addresses and shells.
 *
 *     256 bits = 51 letters of 5 bits + 1 letter whose first bit counts; its other four are zero,
 *     so the last of the 52 letters is "a" or "q"
 */

import { base32nopad } from '@scure/base'
import { SheafError } from './errors.ts'

export const ID_BYTES = 32
export const ID_TEXT_LENGTH = 52

const ID_TEXT = /^[a-z2-7]{51}[aq]$/
const ID_PREFIX = /^[a-z2-7]{1,52}$/

/** 32 bytes → 52 letters. Throws BAD_ARGUMENT for another length. */
export function idToText(id: Uint8Array): string {
  if (id.length !== ID_BYTES)
    throw new SheafError('BAD_ARGUMENT', `an id is ${ID_BYTES} bytes, not ${id.length}`)
  return base32nopad.encode(id).toLowerCase()
}

/** 52 letters → 32 bytes; the inverse of `idToText`. Throws BAD_ARGUMENT for any other text, capitals included. */
export function idFromText(text: string): Uint8Array {
  if (!ID_TEXT.test(text)) throw new SheafError('BAD_ARGUMENT', complaint(text))
  return base32nopad.decode(text.toUpperCase())
}

/** Whether some id's text begins with this text: 1 to 52 letters of the alphabet. */
export function isIdPrefix(text: string): boolean {
  return text.length === ID_TEXT_LENGTH ? ID_TEXT.test(text) : ID_PREFIX.test(text)
}

function complaint(text: string): string {
  if (text.length !== ID_TEXT_LENGTH) return `an id is ${ID_TEXT_LENGTH} letters, not ${text.length}`
  if (/^[a-z2-7]*$/.test(text)) return 'the last letter of an id is "a" or "q"'
  return 'an id is written with the lower-case letters a-z and the digits 2-7'
}
