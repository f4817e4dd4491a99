/**
 * A space is what a page path is relative to: `@ENTITY`, one person's, or `%GROUP`,
 * a group's. Locators are the points in the keyspace where things live: everything
 * needed to read a page at the page's, the list of its pages at the space's.
 */
import { type Codec, id32, struct, type Value, variant } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { domainHash, equalBytes } from '../base/hash.ts'
import { idFromText, idToText } from '../base/text-id.ts'
import { checkPath } from './path.ts'

export interface Space {
  type: 'entity' | 'group'
  id: Uint8Array
}

export interface Page {
  space: Space
  path: string
}

/** A space inside a record: `self` is the signer's own, which saves 32 bytes in most records. */
export type SpaceRef = Value<typeof spaceRef>

export const spaceRef = variant({
  self: struct({}),
  entity: struct({ id: id32 }),
  group: struct({ id: id32 }),
}) satisfies Codec<unknown>

/** The shortest way to name `space` in a record of `signer`. */
export function refOfSpace(space: Space, signer: Uint8Array): SpaceRef {
  return space.type === 'entity' && equalBytes(space.id, signer)
    ? { type: 'self' }
    : { type: space.type, id: space.id }
}

/** The space that a record of `signer` names; NOT_CANONICAL where it spells out its own. */
export function spaceOfRef(ref: SpaceRef, signer: Uint8Array): Space {
  if (ref.type === 'self') return { type: 'entity', id: signer }
  if (ref.type === 'entity' && equalBytes(ref.id, signer)) {
    throw new SheafError('NOT_CANONICAL', "the signer's own space spelled out")
  }
  return { type: ref.type, id: ref.id }
}

export function pageLocator(page: Page): Uint8Array {
  return domainHash('sheaf/1 page', spaceBytes(page.space), Buffer.from(page.path))
}

export function spaceLocator(space: Space): Uint8Array {
  return domainHash('sheaf/1 space', spaceBytes(space))
}

export function entityLocator(entity: Uint8Array): Uint8Array {
  return domainHash('sheaf/1 entity', entity)
}

/** Where the pieces of a file live: the same for equal files, whatever their pages. `fileHash`: SHA-256 of all its bytes. */
export function fileLocator(fileHash: Uint8Array): Uint8Array {
  return domainHash('sheaf/1 file', fileHash)
}

/** `@k3…` or `%k3…`. */
export function spaceToText(space: Space): string {
  return (space.type === 'entity' ? '@' : '%') + idToText(space.id)
}

export function spaceFromText(text: string): Space {
  const sigil = text[0]
  if (sigil !== '@' && sigil !== '%') {
    throw new SheafError('BAD_ARGUMENT', `"${text}" is no space`, {
      hint: 'a space is @ and an entity id, or % and a group id',
    })
  }
  return { type: sigil === '@' ? 'entity' : 'group', id: idFromText(text.slice(1)) }
}

/** `@k3…/garden/bees`. */
export function pageToText(page: Page): string {
  return `${spaceToText(page.space)}/${page.path}`
}

export function pageFromText(text: string): Page {
  const slash = text.indexOf('/')
  if (slash < 0) {
    throw new SheafError('BAD_ARGUMENT', `"${text}" names no page`, {
      hint: 'a page is a space, a slash and a path: @k3…/garden/bees',
    })
  }
  const path = text.slice(slash + 1)
  checkPath(path)
  return { space: spaceFromText(text.slice(0, slash)), path }
}

function spaceBytes(space: Space): Uint8Array {
  const out = new Uint8Array(33)
  out[0] = space.type === 'entity' ? 1 : 2
  out.set(space.id, 1)
  return out
}
