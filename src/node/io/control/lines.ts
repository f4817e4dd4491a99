/** NDJSON, both ways: one JSON object a line, each line bounded before memory is taken for it. */
import { SheafError } from '../../../base/errors.ts'
import { PAGE_BYTES_MAX } from '../../../base/limits.ts'

/** JSON writes a control character as six bytes; 64 KiB are for the rest of the line. */
export const LINE_BYTES_MAX: number = 6 * PAGE_BYTES_MAX + 64 * 1024

const LF = 0x0a

export type JsonObject = { readonly [field: string]: unknown }

export function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`
}

/**
 * The objects of a stream, in order; empty lines are passed over. Throws TOO_LARGE for a line above
 * `bytesMax`, BAD_TEXT and BAD_FORMAT with the line's number for what is not UTF-8 or no JSON object.
 */
export async function* readObjects(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax = LINE_BYTES_MAX,
): AsyncGenerator<JsonObject> {
  let number = 0
  for await (const line of readLines(chunks, bytesMax)) {
    number += 1
    const text = textOf(line, number)
    if (text.trim() !== '') yield objectOf(text, `line ${number}`)
  }
}

/** The JSON object in `text`; BAD_FORMAT, with `place`, where it is none or has a number beyond a double's range. */
export function objectOf(text: string, place: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text, finite)
  } catch (cause) {
    if (cause instanceof SheafError) throw new SheafError(cause.code, `${place} has ${cause.message}`)
    throw new SheafError('BAD_FORMAT', `${place} is not JSON`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SheafError('BAD_FORMAT', `${place} is no JSON object`)
  }
  return value as JsonObject
}

/** `1e999` would be read as Infinity, which no JSON can say again (RFC 8259 §6 leaves the range to us). */
function finite(_key: string, value: unknown): unknown {
  if (value !== Infinity && value !== -Infinity) return value
  throw new SheafError('BAD_FORMAT', 'a number beyond the range of a double')
}

/** A decoder of its own: the codecs that have one take every command an eighth of its time to load. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(line: Uint8Array, number: number): string {
  try {
    return UTF8.decode(line)
  } catch (cause) {
    throw new SheafError('BAD_TEXT', `line ${number} is not well-formed UTF-8`, { cause })
  }
}

async function* readLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      refuseTooLong(length + end - start, bytesMax)
      yield parts.length === 0
        ? chunk.subarray(start, end)
        : Buffer.concat([...parts, chunk.subarray(start, end)])
      parts = []
      length = 0
      start = end + 1
    }
    if (start === chunk.byteLength) continue
    parts.push(chunk.subarray(start))
    length += chunk.byteLength - start
    refuseTooLong(length, bytesMax)
  }
  if (length > 0) yield Buffer.concat(parts)
}

function refuseTooLong(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new SheafError('TOO_LARGE', `a line of more than ${bytesMax} bytes`)
}
