/**
 * A published difference: an author says how a version of theirs came from another, so that a reader who has the
 * one sees the change as its author saw it, and needs only what changed for the other. It lives with
 * the page. What it says is never taken on trust: it makes the text that the version signed, or it is nothing.
 */
import { bytes, checked, decode, encode, id32, struct, uint, type Value } from '../base/codec.ts'
import { codeOf, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { DIFF_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../base/limits.ts'
import { compress, decompress, GZIP_BYTES_MIN } from './gzip.ts'
import { type Edit, editsBetween, linesOf } from './lines.ts'
import { applyPatch, decodePatch, editsOfPatch, encodePatch, patchOf } from './patch.ts'
import { pathCodec } from './path.ts'
import type { VerifiedRecord } from './record.ts'
import { type Page, refOfSpace, spaceRef } from './space.ts'
import type { Version } from './version.ts'

export const VERSION_DIFF = 9

export const versionDiff = checked(
  struct({
    /** The page of the version that it leads to. */
    space: spaceRef,
    path: pathCodec,
    from: id32,
    to: id32,
    /** SHA-256 of `patch`. */
    hash: id32,
    patchBytes: uint(PIECE_TEXT_BYTES_MAX, 1),
    /** The patch, as one gzip member. */
    patch: bytes(DIFF_BYTES_MAX, GZIP_BYTES_MIN),
  }),
  ({ hash, patch }) => {
    if (!equalBytes(hash, sha256(patch)))
      throw new SheafError('BAD_HASH', 'a patch that is not the one named')
  },
)
export type VersionDiff = Value<typeof versionDiff>

/** A body for the author of `to` to sign; undefined where the patch is too long to be worth it. */
export function diffBody(
  page: Page,
  signer: Uint8Array,
  from: { id: Uint8Array; text: string },
  to: { id: Uint8Array; text: string },
): Uint8Array | undefined {
  const [before, after] = [linesOf(from.text), linesOf(to.text)]
  const steps = patchOf(editsBetween(before, after), after)
  const added = steps.reduce((sum, { add }) => sum + Buffer.byteLength(add), 0)
  if (added > PIECE_TEXT_BYTES_MAX) return undefined
  const encoded = encodePatch(steps)
  if (encoded.byteLength > PIECE_TEXT_BYTES_MAX) return undefined
  const patch = compress(encoded)
  if (patch.byteLength > DIFF_BYTES_MAX) return undefined
  return encode(versionDiff, {
    space: refOfSpace(page.space, signer),
    path: page.path,
    from: from.id,
    to: to.id,
    hash: sha256(patch),
    patchBytes: encoded.byteLength,
    patch,
  })
}

/** What a published difference comes to. */
export interface AppliedDiff {
  /** Id of the record that it was taken from. */
  diff: Uint8Array
  /** The text of the version that it leads to. */
  text: string
  /** How that came from the other, as its author says. */
  edits: Edit[]
}

/**
 * The first, in order of id, of the published differences among `blocks` that the author of `to` signed, that leads
 * to it from the version that has this text, and that makes exactly the text which `to` signed. Any other says nothing.
 */
export function takeDiff(
  blocks: readonly { record: VerifiedRecord }[],
  from: { id: Uint8Array; text: string },
  to: { id: Uint8Array; record: VerifiedRecord; version: Version },
): AppliedDiff | undefined {
  const { content } = to.version
  if (content.type !== 'text') return undefined
  const byAuthor = blocks
    .map(({ record }) => record)
    .filter(({ kind, signer }) => kind === VERSION_DIFF && equalBytes(signer, to.record.signer))
    .sort((a, b) => Buffer.compare(a.id, b.id))
  for (const { id, body } of byAuthor) {
    const diff = decode(versionDiff, body)
    if (!equalBytes(diff.from, from.id) || !equalBytes(diff.to, to.id)) continue
    let applied: Omit<AppliedDiff, 'diff'> | undefined
    const code = codeOf(() => {
      applied = apply(diff, from.text)
    })
    if (
      code === undefined &&
      applied !== undefined &&
      equalBytes(sha256(Buffer.from(applied.text)), content.textHash)
    ) {
      return { diff: id, ...applied }
    }
  }
  return undefined
}

/** Throws where the patch is none, or does not fit the text. */
function apply({ patch, patchBytes }: VersionDiff, before: string): Omit<AppliedDiff, 'diff'> {
  const steps = decodePatch(decompress(patch, { bytesMax: patchBytes }))
  return { text: applyPatch(before, steps), edits: editsOfPatch(steps) }
}
