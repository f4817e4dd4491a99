/** What a store itself has of a page: nobody else is asked, and every hash is checked. */
import { sha256 } from '../../../src/base/hash.ts'
import { idFromText } from '../../../src/base/text-id.ts'
import { parseBlock } from '../../../src/content/block.ts'
import { combineVerify, decodeTable } from '../../../src/content/piece.ts'
import { decodeVersion, VERSION } from '../../../src/content/version.ts'
import type { Store } from '../../../src/node/store.ts'

/** A block that is there; its text where it is a version of a page, with all pieces. */
export interface Stored {
  readonly text: string | null
}

/** By id in text form; null where it does not read back, or a piece of it does not. Throws where a hash does not match. */
export async function storedAt(store: Store, idText: string): Promise<Stored | null> {
  const id = idFromText(idText)
  const [bytes] = await store.get([id])
  if (bytes === undefined) return null
  // A loose piece is what its hash says.
  if (Buffer.from(sha256(bytes)).equals(id)) return { text: null }
  const { record, attachment } = parseBlock(bytes)
  if (!Buffer.from(record.id).equals(id)) return null
  if (record.kind !== VERSION) return { text: null }
  const { content } = decodeVersion(record)
  if (content.type !== 'text') return { text: null }
  const isOne = content.pieces === 1
  const only = { hash: sha256(attachment), bytes: attachment.byteLength, textBytes: content.textBytes }
  const combine = combineVerify<string>(content, isOne ? [only] : decodeTable(attachment))
  const pieces = isOne ? [attachment] : await store.get(combine.missing)
  for (const piece of pieces) if (piece !== undefined) combine.add(piece, idText)
  const text = combine.text()
  return text === undefined ? null : { text: Buffer.from(text).toString() }
}
