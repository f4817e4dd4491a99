/**
 * An invite: all that a newcomer needs to know, in one word that survives copying.
 *
 *     sheaf1 ┆ base32 of ( network ┆ puzzle bits ┆ where to begin ┆ space? ┆ checksum: 4 bytes )
 *
 * It holds no secret and is no permission: whoever knows a network's name and an address is in.
 */
import { base32nopad } from '@scure/base'
import { checked, decode, encode, id32, list, optional, struct, text, uint, variant } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { domainHash, equalBytes } from '../base/hash.ts'
import { NETWORK_NAME, PUZZLE_BITS_MAX } from '../base/network.ts'
import type { Space } from '../content/space.ts'

export interface Invite {
  network: string
  puzzleBits: number
  /** Nodes of the DHT to begin with; none for the public ones. */
  bootstrap: readonly { host: string; port: number }[]
  /** What the newcomer may like to read first. */
  space: Space | undefined
}

/** Changes with what stands behind it. */
const PREFIX = 'sheaf1'
/** Any version of ours begins so. */
const ANY_VERSION = /^sheaf\d+/
/** A terminal and a chat take this in one piece; a usual invite has about 150 letters. */
export const INVITE_LETTERS_MAX = 2048
const BOOTSTRAP_MAX = 16
const HOST_LETTERS_MAX = 253
const HOST = /^[A-Za-z0-9.-]{1,253}$/
/** A slip of the pen passes once in four thousand million times. */
const CHECKSUM_BYTES = 4

const hostPort = struct({
  host: matching(HOST_LETTERS_MAX, HOST, 'a host'),
  port: uint(65_535, 1),
})

const payload = struct({
  network: matching(64, NETWORK_NAME, "a network's name"),
  puzzleBits: uint(PUZZLE_BITS_MAX),
  bootstrap: list(hostPort, BOOTSTRAP_MAX),
  space: optional(variant({ entity: struct({ id: id32 }), group: struct({ id: id32 }) })),
})

/** The word for an invite. Throws the codec's errors for what cannot be one, TOO_LARGE for too many long addresses. */
export function inviteToText({ network, puzzleBits, bootstrap, space }: Invite): string {
  const bytes = encode(payload, {
    network,
    puzzleBits,
    bootstrap: bootstrap.map(({ host, port }) => ({ host, port })),
    space: space && { type: space.type, id: space.id },
  })
  const word = PREFIX + base32nopad.encode(Buffer.concat([bytes, checksumOf(bytes)])).toLowerCase()
  if (word.length <= INVITE_LETTERS_MAX) return word
  throw new SheafError('TOO_LARGE', `an invite of ${word.length} letters where ${INVITE_LETTERS_MAX} fit`)
}

/**
 * The inverse of `inviteToText`; each invite has one word. Throws BAD_ARGUMENT for what is none or
 * was changed on the way, UNSUPPORTED for one of a later version.
 */
export function inviteFromText(word: string): Invite {
  if (word.length > INVITE_LETTERS_MAX) throw noInvite(`it has ${word.length} letters`)
  if (!word.startsWith(PREFIX)) {
    const version = ANY_VERSION.exec(word)?.[0]
    if (version === undefined) throw noInvite(`one begins with ${PREFIX}`)
    throw new SheafError('UNSUPPORTED', `an invite of the form ${version} where this program reads ${PREFIX}`)
  }
  const all = bytesOf(word.slice(PREFIX.length))
  const bytes = all.subarray(0, -CHECKSUM_BYTES)
  if (all.length <= CHECKSUM_BYTES || !equalBytes(all.subarray(bytes.length), checksumOf(bytes))) {
    throw noInvite('letters are missing or changed')
  }
  try {
    const { network, puzzleBits, bootstrap, space } = decode(payload, bytes)
    return { network, puzzleBits, bootstrap, space }
  } catch (cause) {
    throw noInvite(asSheafError(cause).message, cause)
  }
}

function bytesOf(letters: string): Uint8Array {
  if (!/^[a-z2-7]+$/.test(letters)) throw noInvite('it has other letters than a-z and 2-7')
  try {
    return base32nopad.decode(letters.toUpperCase())
  } catch (cause) {
    throw noInvite('letters are missing or changed', cause)
  }
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  return domainHash('sheaf/1 invite', bytes).subarray(0, CHECKSUM_BYTES)
}

function noInvite(why: string, cause?: unknown): SheafError {
  return new SheafError('BAD_ARGUMENT', `this is no invite: ${why}`, {
    cause,
    hint: 'copy the whole word that `sheaf invite` printed, and nothing else',
  })
}

function matching(max: number, pattern: RegExp, what: string) {
  return checked(text(max, 1), (value) => {
    if (!pattern.test(value)) throw new SheafError('BAD_FORMAT', `${JSON.stringify(value)} is not ${what}`)
  })
}
