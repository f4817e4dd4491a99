/** Texts to cut, and what they came to, as one buffer each: they move between threads as check requests do. */
import { bytes, decode, id32, list, struct, uint } from '../../base/codec.ts'
import { PAGE_PIECES_MAX, PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../../base/limits.ts'
import type { CutText } from '../../content/piece.ts'
import { PAGE_BYTES_MAX } from '../../content/text.ts'
import { pack } from './check-wire.ts'

/** Texts of one request; far above what one command may bring. */
const TEXTS_MAX = 65_535

const requestCodec = struct({ number: uint(), texts: list(bytes(PAGE_BYTES_MAX), TEXTS_MAX) })

const cutsCodec = struct({
  number: uint(),
  cuts: list(
    struct({
      pieces: list(
        struct({ hash: id32, bytes: bytes(PIECE_BYTES_MAX), textBytes: uint(PIECE_TEXT_BYTES_MAX) }),
        PAGE_PIECES_MAX,
      ),
      content: struct({
        textBytes: uint(PAGE_BYTES_MAX),
        textHash: id32,
        pieces: uint(PAGE_PIECES_MAX),
        root: id32,
      }),
    }),
    TEXTS_MAX,
  ),
})

export function packTexts(number: number, texts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return pack(requestCodec, { number, texts: [...texts] })
}

export function unpackTexts(packed: Uint8Array): { number: number; texts: Uint8Array[] } {
  return decode(requestCodec, packed)
}

export function packCuts(number: number, cuts: CutText[]): Uint8Array<ArrayBuffer> {
  return pack(cutsCodec, { number, cuts })
}

export function unpackCuts(packed: Uint8Array): { number: number; cuts: CutText[] } {
  return decode(cutsCodec, packed)
}
