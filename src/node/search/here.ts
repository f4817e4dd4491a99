/** Searching what is here: places from the engine, and each page that is shown verified anew. */
import { SheafError } from '../../base/errors.ts'
import { equalBytes, sha256 } from '../../base/hash.ts'
import type { VerifiedVersion } from '../../content/block.ts'
import { openPiece } from '../../content/piece.ts'
import { queryTerms } from '../../content/search/text-index.ts'
import { isDeniedBlock } from '../denials.ts'
import type { Node } from '../node.ts'
import { SEARCH_WORDS_BYTES_MAX } from '../queries.ts'
import type { Task } from '../task.ts'
import { resolvedAt, withPieces } from './catalog.ts'
import { PIECES_MAX } from './engine.ts'
import type { Asking } from './results.ts'

/** Some of what is found may have been denied since, or be another version by now. */
const SPARE = 8

/** A page that was found, verified; `text` is as much of it as is searched. */
export interface FoundHere {
  key: string
  score: number
  version: VerifiedVersion
  text: string
  /** Its block and the pieces that `text` is made of. */
  blocks: Uint8Array[]
}

/** Throws BAD_ARGUMENT where there is nothing to look for, or too much. */
export function checkWords(words: string): void {
  if (Buffer.byteLength(words) > SEARCH_WORDS_BYTES_MAX)
    throw new SheafError('BAD_ARGUMENT', `more than ${SEARCH_WORDS_BYTES_MAX} bytes of words`)
  if (queryTerms(words).length === 0)
    throw new SheafError('BAD_ARGUMENT', 'no word to look for', { hint: 'sheaf search bees winter' })
}

/** The best pages that are here, best first; whether all that is here was looked at. */
export function* searchHere(
  node: Node,
  { words, limit, space }: Asking,
  untilMs: number,
): Task<{ found: FoundHere[]; isWhole: boolean }> {
  const isWhole = yield* node.catalog.bring(untilMs)
  const request = { type: 'search' as const, words, limit: limit + SPARE, space, candidates: [] }
  const found: FoundHere[] = []
  for (const { key, score } of yield* node.catalog.ask(request)) {
    const version = yield* resolvedAt(node, Buffer.from(key, 'latin1'))
    if (version === undefined) continue
    const blocks = yield* withPieces(node, version.bytes)
    const text = searchedText(version, blocks.slice(1))
    if (text === undefined || isDeniedPiece(node, version, blocks)) continue
    found.push({ key, score, version, text, blocks })
    if (found.length === limit) break
  }
  return { found, isWhole }
}

/** As much of a verified version's text as is searched: all of it, or its first pieces, each held to the signed table. Undefined where none of it is there. */
export function searchedText(version: VerifiedVersion, pieces: readonly Uint8Array[]): string | undefined {
  if (version.text !== undefined) return new TextDecoder().decode(version.text)
  const table = version.table ?? []
  const texts: Uint8Array[] = []
  for (const [i, piece] of pieces.slice(0, PIECES_MAX).entries()) {
    const entry = table[i]
    if (entry === undefined || !equalBytes(sha256(piece), entry.hash))
      throw new SheafError('BAD_HASH', 'a piece that its version does not list there')
    texts.push(openPiece(piece, entry))
  }
  return texts.length === 0 ? undefined : new TextDecoder().decode(Buffer.concat(texts))
}

function isDeniedPiece(
  { retention }: Node,
  { table, locator }: VerifiedVersion,
  blocks: Uint8Array[],
): boolean {
  if (retention.servesAll() || table === undefined) return false
  return blocks
    .slice(1)
    .some((bytes, i) => isDeniedBlock(retention, { id: table[i]!.hash, kind: 0, locator, bytes }))
}
