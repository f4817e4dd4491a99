/**
 * Inflating one stream after the other with one engine of node:zlib. `inflateRawSync` makes an engine, and a
 * stream around it, for each: of 30 µs that a short page took, 5 were inflating, and what was left over had
 * to be finalised. node:zlib has no call for this, so its engine is used as npm's tar uses it; where a
 * version of Node has none of this form, nothing is inflated here and the caller goes the long way.
 */
import { constants, createInflateRaw } from 'node:zlib'

/** What `createInflateRaw` keeps behind its stream; @types/node does not know it. */
interface Inflater {
  readonly _handle: {
    /** Called within `writeSync` where the stream is broken or cut off. */
    onerror: () => void
    reset(): void
    writeSync(
      flush: number,
      input: Uint8Array,
      inputStart: number,
      inputBytes: number,
      output: Uint8Array,
      outputStart: number,
      outputBytes: number,
    ): void
  }
  /** After a write: bytes of the output that are free, bytes of the input that were not taken. */
  readonly _writeState: Uint32Array
}

let inflater: Inflater | undefined
let isUsable = true
let hasFailed = false

/** A raw deflate stream → its text of exactly so many bytes; undefined for any other stream, and where there is no engine. */
export function inflateExactly(stream: Uint8Array, textBytes: number): Uint8Array | undefined {
  if (!isUsable) return undefined
  inflater ??= openInflater()
  if (inflater === undefined) return undefined
  const { _handle: engine, _writeState: left } = inflater
  // One byte more than the text: a stream that has not ended when it is full is a longer one.
  const output = Buffer.allocUnsafe(textBytes + 1)
  hasFailed = false
  engine.reset()
  engine.writeSync(constants.Z_FINISH, stream, 0, stream.byteLength, output, 0, output.byteLength)
  if (hasFailed) inflater = undefined
  return hasFailed || left[0] !== 1 || left[1] !== 0 ? undefined : output.subarray(0, textBytes)
}

function openInflater(): Inflater | undefined {
  // Its types name only what is documented; whether the rest is there is asked below.
  const opened = createInflateRaw() as unknown as Partial<Inflater>
  isUsable = typeof opened._handle?.writeSync === 'function' && opened._writeState instanceof Uint32Array
  if (!isUsable) return undefined
  const made = opened as Inflater
  made._handle.onerror = () => {
    hasFailed = true
  }
  return made
}
