/**
 * A profile: what an entity calls itself, in one record at the entity's locator. It names the profiles
 * that it replaces, so two devices that write at once make a fork, which the next one joins. What it
 * says is claimed by its signer and by nobody else.
 */
import {
  bytes,
  checked,
  decode,
  encode,
  id32,
  list,
  struct,
  text,
  type Value,
  variant,
} from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { checkLabel, LABEL_BYTES_MAX } from './label.ts'

export const PROFILE = 7

/** In UTF-8: a paragraph. */
export const ABOUT_BYTES_MAX = 2_048
/** A small square; whoever lists a hundred people loads a few hundred KB. */
export const AVATAR_BYTES_MAX = 16_384

/** Raster images that every browser shows, by how their files begin. A drawing that could run or load things is none of them. */
const IMAGES: readonly { media: string; begins: RegExp }[] = [
  { media: 'image/png', begins: /^89504e470d0a1a0a/ },
  { media: 'image/jpeg', begins: /^ffd8ff/ },
  { media: 'image/gif', begins: /^47494638(37|39)61/ },
  { media: 'image/webp', begins: /^52494646.{8}57454250/ },
]

export const profile = checked(
  struct({
    /** Profiles of the same signer that this one replaces. */
    replaces: list(id32, PARENTS_MAX),
    name: text(LABEL_BYTES_MAX, 1),
    about: text(ABOUT_BYTES_MAX),
    avatar: variant({
      none: struct({}),
      /** One of IMAGES. */
      image: struct({ bytes: bytes(AVATAR_BYTES_MAX, 1) }),
      /** The version of a page of the signer's that is an attached file. */
      file: struct({ version: id32 }),
    }),
  }),
  ({ name, avatar }) => {
    checkLabel(name)
    if (avatar.type === 'image') mediaOf(avatar.bytes)
  },
)
export type Profile = Value<typeof profile>

/** The media type of an avatar, from its first bytes. Throws BAD_FORMAT where it is no image that is shown. */
export function mediaOf(image: Uint8Array): string {
  const head = Buffer.from(image.subarray(0, 12)).toString('hex')
  const found = IMAGES.find(({ begins }) => begins.test(head))
  if (found !== undefined) return found.media
  throw new SheafError('BAD_FORMAT', 'an avatar is a PNG, JPEG, GIF or WebP image')
}

/** A profile's body without what is bulky: enough to say what it replaces. */
export function shortProfile(body: Uint8Array): Uint8Array {
  return encode(profile, { ...decode(profile, body), about: '', avatar: { type: 'none' } })
}
