/**
 * The normal form of a page's text, so that one text has one hash wherever it was written:
 *
 *   - well-formed UTF-8,
 *   - without a byte-order mark at its start,
 *   - lines ended by LF: no CR stands before an LF.
 *
 * Nothing else is touched: a CR elsewhere, NUL, tabs, spaces at line ends and the Unicode
 * form of letters stay as they are. A file in normal form comes out of Sheaf byte for byte.
 */
import { requireUtf8 } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { PAGE_BYTES_MAX } from '../base/limits.ts'

export { PAGE_BYTES_MAX }

/** What normalising had to change. */
export type TextChange = 'bom' | 'crlf'

export interface NormalText {
  /** The text in normal form; the bytes that were given where nothing had to change. */
  bytes: Uint8Array
  changes: TextChange[]
}

const CR = 0x0d
const LF = 0x0a
const BOM = Uint8Array.of(0xef, 0xbb, 0xbf)

/**
 * Text as a file holds it → its normal form, of itself unchanged by a second time: several
 * byte-order marks go, and all the CRs before an LF. Throws BAD_TEXT where it is not UTF-8,
 * TOO_LARGE where more than PAGE_BYTES_MAX remain.
 */
export function normaliseMarkdown(bytes: Uint8Array): NormalText {
  const changes: TextChange[] = []
  let normal = bytes
  while (startsWithBom(normal)) normal = normal.subarray(BOM.length)
  if (normal !== bytes) changes.push('bom')
  if (hasCrlf(normal)) {
    normal = withoutCrlf(normal)
    changes.push('crlf')
  }
  refuseTooLong(normal)
  requireUtf8(normal)
  return { bytes: normal, changes }
}

/** Passes text in normal form; throws BAD_TEXT for any other, TOO_LARGE above PAGE_BYTES_MAX. */
export function requireNormal(bytes: Uint8Array): void {
  refuseTooLong(bytes)
  if (startsWithBom(bytes)) throw new SheafError('BAD_TEXT', 'a byte-order mark before the text')
  if (hasCrlf(bytes)) throw new SheafError('BAD_TEXT', 'a line that ends with CR LF')
  requireUtf8(bytes)
}

function refuseTooLong(bytes: Uint8Array): void {
  if (bytes.byteLength > PAGE_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a text of ${bytes.byteLength} bytes where ${PAGE_BYTES_MAX} fit`)
  }
}

function startsWithBom(bytes: Uint8Array): boolean {
  return BOM.every((byte, i) => bytes[i] === byte)
}

function hasCrlf(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF) return true
  }
  return false
}

/** Each LF without the CRs that stand right before it; removing only one would leave CR CR LF as CR LF. */
function withoutCrlf(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.byteLength)
  let end = 0
  let lastKept = 0
  for (const byte of bytes) {
    if (byte === LF) end = lastKept
    out[end++] = byte
    if (byte !== CR) lastKept = end
  }
  return out.slice(0, end)
}
