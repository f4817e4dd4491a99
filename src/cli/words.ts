/** The 24 words, from a file, the environment or a person; never from an argument, which other programs on the machine see. */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SheafError } from '../base/errors.ts'
import type { KeyStateJson } from '../node/io/control/key-routes.ts'
import type { Cli } from './cli.ts'

export interface WordsOptions {
  readonly wordsFile?: string
}

const FILE_BYTES_MAX = 4_096

/** Throws BAD_ARGUMENT where there are none, and nobody to ask. */
export async function wordsGiven({ shell }: Cli, { wordsFile }: WordsOptions): Promise<string> {
  if (wordsFile !== undefined) return await fromFile(resolve(shell.cwd, wordsFile))
  const { SHEAF_WORDS } = shell.env
  if (SHEAF_WORDS !== undefined) return SHEAF_WORDS
  const answer = await shell.ask('The 24 words: ')
  if (answer !== undefined) return answer
  throw new SheafError('BAD_ARGUMENT', 'the 24 words are needed, and nobody is there to type them', {
    hint: 'name a file with --words-file FILE, or set SHEAF_WORDS',
  })
}

async function fromFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) throw new SheafError('TOO_LARGE', `${path} has ${size} bytes: no 24 words`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof SheafError) throw cause
    throw new SheafError(
      'BAD_ARGUMENT',
      `cannot read the words in ${path}: ${(cause as NodeJS.ErrnoException).code}`,
      { cause },
    )
  }
}

/** In hexadecimal: the secret of the key that comes next, or of the current one where these words gave it; and the commitment to the key after it. */
export interface KeyOfWords {
  secret: string
  next: string
  position: number
}

/** Throws BAD_KEY for words that are none, or are not those of this identity. */
export async function keyGivenBy(
  words: string,
  { chain, next, publicKey, isRetired }: Pick<KeyStateJson, 'chain' | 'next' | 'publicKey' | 'isRetired'>,
): Promise<KeyOfWords> {
  const { loadCrypto } = await import('../base/crypto.ts')
  const { entityKeyPairOf, nextKeyCommitment } = await import('../base/keys.ts')
  const { nextKeyFromWords } = await import('../base/words.ts')
  const crypto = loadCrypto()
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const last = chain.at(-1)!.position
  const at = (position: number) => entityKeyPairOf(crypto, nextKeyFromWords(words, position))
  const committed = (position: number): string => hex(nextKeyCommitment(at(position).publicKey))
  // A machine whose key another one retired, or that was cut off halfway, takes the current one.
  const isCurrent = isRetired && last > 0 && hex(at(last).publicKey) === publicKey
  if (!isCurrent && committed(last + 1) !== next) {
    throw new SheafError('BAD_KEY', 'these words are not those of this identity')
  }
  const position = isCurrent ? last : last + 1
  return { secret: hex(at(position).secret), next: committed(position + 1), position }
}
