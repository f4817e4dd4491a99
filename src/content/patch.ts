/**
 * A difference as bytes, for a diff that its author publishes: keep so many lines, drop so many, put these
 * in, and so on; what is left of the old text stays. It needs no context, for it is tried on the one text
 * that it names, and believed only where the result has the hash that was signed.
 */
import { decode, encode, list, struct, text, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { PAGE_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../base/limits.ts'
import { type Edit, linesOf } from './lines.ts'

const LINES_MAX = PAGE_BYTES_MAX

const step = struct({
  /** Lines that stay. */
  keep: uint(LINES_MAX),
  /** Lines behind them that go. */
  drop: uint(LINES_MAX),
  /** Text in their place: whole lines, but at the end of the page. */
  add: text(PIECE_TEXT_BYTES_MAX),
})

/** A patch fits one piece; a step takes three bytes at least. */
export const patchCodec = list(step, PIECE_TEXT_BYTES_MAX / 3)
export type Patch = Value<typeof patchCodec>

/** The patch that makes these edits between two texts. */
export function patchOf(edits: readonly Edit[], after: readonly string[]): Patch {
  let at = 0
  return edits.map(({ oldStart, oldEnd, newStart, newEnd }) => {
    const keep = oldStart - at
    at = oldEnd
    return { keep, drop: oldEnd - oldStart, add: after.slice(newStart, newEnd).join('') }
  })
}

export function encodePatch(patch: Patch): Uint8Array {
  return encode(patchCodec, patch)
}

/** Bytes → patch; the inverse of `encodePatch`. Throws as its codec does. */
export function decodePatch(bytes: Uint8Array): Patch {
  return decode(patchCodec, bytes)
}

/** The text that a patch makes of `before`. Throws BAD_FORMAT where it reaches behind its end, TOO_LARGE. */
export function applyPatch(before: string, patch: Patch): string {
  const lines = linesOf(before)
  const parts: string[] = []
  let at = 0
  let length = 0
  for (const { keep, drop, add } of patch) {
    if (keep + drop > lines.length - at)
      throw new SheafError('BAD_FORMAT', 'a patch that reaches behind the end')
    parts.push(...slices(lines, at, at + keep), add)
    at += keep + drop
    length += add.length
    if (length > PAGE_BYTES_MAX) throw new SheafError('TOO_LARGE', 'a patch that makes too long a text')
  }
  parts.push(...slices(lines, at, lines.length))
  return parts.join('')
}

/** The edits that a patch makes between the lines of two texts, the second being what it makes of the first. */
export function editsOfPatch(patch: Patch): Edit[] {
  let [old, fresh] = [0, 0]
  return patch.flatMap(({ keep, drop, add }): Edit[] => {
    const [oldStart, newStart] = [old + keep, fresh + keep]
    ;[old, fresh] = [oldStart + drop, newStart + linesOf(add).length]
    return drop === 0 && add === '' ? [] : [{ oldStart, oldEnd: old, newStart, newEnd: fresh }]
  })
}

/** A stretch of lines as one string, or none. */
function slices(lines: readonly string[], start: number, end: number): string[] {
  return start < end ? [lines.slice(start, end).join('')] : []
}
