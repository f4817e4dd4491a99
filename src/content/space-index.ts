/**
 * The list of a space's pages, signed by its owner. The list itself is cut into chunks
 * (`chunks.ts`) by content, so that publishing one page changes one chunk; this record
 * names the chunks by hash. It lives at the space's locator: a stranger who knows only
 * the space's name lists and exports it from here.
 */
import { checked, decode, encode, id32, list, struct, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { PARENTS_MAX, SPACE_CHUNKS_MAX } from '../base/limits.ts'
import { CHUNK_BYTES_MAX } from './chunks.ts'
import { spaceRef } from './space.ts'

export const SPACE_INDEX = 4

const chunkRef = struct({
  /** SHA-256 of the chunk's bytes. */
  hash: id32,
  bytes: uint(CHUNK_BYTES_MAX, 1),
  pages: uint(CHUNK_BYTES_MAX, 1),
})
export type ChunkRef = Value<typeof chunkRef>

export const spaceIndex = checked(
  struct({
    space: spaceRef,
    /** The indices that this one replaces: one, or several where a fork is joined. */
    replaces: list(id32, PARENTS_MAX),
    pages: uint(),
    chunks: list(chunkRef, SPACE_CHUNKS_MAX),
  }),
  ({ pages, chunks }) => {
    const sum = chunks.reduce((total, chunk) => total + chunk.pages, 0)
    if (sum !== pages) throw new SheafError('NOT_CANONICAL', `${pages} pages in chunks that hold ${sum}`)
  },
)
export type SpaceIndex = Value<typeof spaceIndex>

/** An index's body without its chunks, which may be a thousand. */
export function shortIndex(body: Uint8Array): Uint8Array {
  return encode(spaceIndex, { ...decode(spaceIndex, body), pages: 0, chunks: [] })
}
