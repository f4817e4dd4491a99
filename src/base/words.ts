/**
 * The 24 recovery words: 32 bytes of chance in a form that a person can write down (BIP 39,
 * English list, 8 bits of checksum). The key that comes after the one in use is made from them,
 * so whoever loses a machine, or has its key stolen, takes the identity back with the words.
 */

import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { SheafError } from './errors.ts'
import { domainHash } from './hash.ts'
import { secretFrom } from './keys.ts'

export const RECOVERY_WORDS = 24
export const RECOVERY_ENTROPY_BYTES = 32

/** Far more than 24 words of at most 8 letters take; what is longer is not looked at. */
const TEXT_LENGTH_MAX = 1024

const NEXT_SECRET = 'sheaf/1 next key from words'
const LATER_SEED = 'sheaf/1 later key from words'

const listed: ReadonlySet<string> = new Set(wordlist)

/** 32 bytes of chance → 24 words with a space between them. Throws BAD_KEY for another length. */
export function wordsFromEntropy(entropy: Uint8Array): string {
  if (entropy.length !== RECOVERY_ENTROPY_BYTES) {
    throw new SheafError(
      'BAD_KEY',
      `recovery words stand for ${RECOVERY_ENTROPY_BYTES} bytes, not ${entropy.length}`,
    )
  }
  return entropyToMnemonic(entropy, wordlist)
}

/**
 * 24 words → their 32 bytes; the inverse of `wordsFromEntropy`. Spaces, line breaks and capitals
 * are as the person typed them. Throws BAD_KEY with what is wrong: the number of words, the place
 * of a word that is not in the list, or the checksum. The words themselves are secret, and only
 * one that is not in the list is ever repeated.
 */
export function entropyFromWords(text: string): Uint8Array {
  const words = text
    .slice(0, TEXT_LENGTH_MAX + 1)
    .trim()
    .toLowerCase()
    .split(/\s+/)
  if (text.length > TEXT_LENGTH_MAX || words.length !== RECOVERY_WORDS || words[0] === '') {
    throw new SheafError(
      'BAD_KEY',
      `there are ${RECOVERY_WORDS} recovery words, and this is another number of words`,
    )
  }
  const unknown = words.findIndex((word) => !listed.has(word))
  if (unknown !== -1) {
    throw new SheafError(
      'BAD_KEY',
      `word ${unknown + 1}, ${JSON.stringify(words[unknown])}, is not a recovery word`,
      {
        hint: likelyWord(words[unknown] as string),
      },
    )
  }
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch (cause) {
    throw new SheafError(
      'BAD_KEY',
      'the checksum of the recovery words is wrong: a word is another one, or two changed places',
      { cause },
    )
  }
}

/**
 * The secret (32 bytes) of the entity key at `position` in its chain, from 1 on: the words stay the same through
 * all rotations, and no key leads to another one. Throws BAD_KEY as `entropyFromWords`.
 */
export function nextKeyFromWords(text: string, position = 1): Uint8Array {
  const entropy = entropyFromWords(text)
  if (position === 1) return secretFrom(NEXT_SECRET, entropy)
  const place = Buffer.alloc(4)
  place.writeUInt32LE(position)
  return secretFrom(NEXT_SECRET, domainHash(LATER_SEED, entropy, place))
}

/** No two words of the list share their first four letters, so those tell which one was meant. */
function likelyWord(typed: string): string {
  const meant = typed.length < 4 ? undefined : wordlist.find((word) => word.startsWith(typed.slice(0, 4)))
  return meant === undefined ? 'compare it with what you wrote down' : `did you write down "${meant}"?`
}
