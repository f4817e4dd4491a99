/**
 * The passphrase of an identity: from the file that SHEAF_PASSPHRASE_FILE names, from SHEAF_PASSPHRASE, or
 * from the person at the terminal, and never from the arguments, which others on the machine can see.
 */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { SheafError } from '../base/errors.ts'
import type { Cli } from './cli.ts'

const BYTES_MAX = 1024

/** What opens the identity of this home; undefined where it is not sealed, or there is none. Throws BAD_PASSPHRASE where nobody can be asked. */
export async function passphraseFor(cli: Cli): Promise<Uint8Array | undefined> {
  const { isIdentitySealed } = await import('../node/io/identity/identity.ts')
  if (!isIdentitySealed(cli.paths().identity)) return undefined
  const given = givenPassphrase(cli) ?? (await asked(cli, 'Passphrase: '))
  if (given !== undefined) return given
  throw new SheafError(
    'BAD_PASSPHRASE',
    'the identity of this machine is sealed, and nobody is there to ask',
    {
      hint: 'put the passphrase into a file of mode 0600 and name that in SHEAF_PASSPHRASE_FILE',
    },
  )
}

/** A passphrase to seal with: as given, or typed twice. Throws BAD_ARGUMENT where they differ, are empty, or nobody can be asked. */
export async function newPassphrase(cli: Cli): Promise<Uint8Array> {
  const given = givenPassphrase(cli)
  if (given !== undefined) return given
  const first = await asked(cli, 'New passphrase: ')
  if (first === undefined) {
    throw new SheafError('BAD_ARGUMENT', 'nobody is there to ask for a passphrase', {
      hint: 'put it into a file of mode 0600 and name that in SHEAF_PASSPHRASE_FILE',
    })
  }
  const second = await asked(cli, 'The same again: ')
  if (first.byteLength === 0) throw new SheafError('BAD_ARGUMENT', 'a passphrase of no letters')
  if (second === undefined || Buffer.compare(first, second) !== 0) {
    throw new SheafError('BAD_ARGUMENT', 'the two are not the same: nothing was done')
  }
  return first
}

function givenPassphrase({ shell }: Cli): Uint8Array | undefined {
  const { SHEAF_PASSPHRASE_FILE: file, SHEAF_PASSPHRASE: text } = shell.env
  if (file !== undefined && file !== '') return lineOf(resolve(shell.cwd, file))
  return text === undefined || text === '' ? undefined : Buffer.from(text)
}

/** The file without the end of its line. */
function lineOf(path: string): Uint8Array {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile() || stat.size > BYTES_MAX + 2) {
    throw new SheafError('BAD_ARGUMENT', `${path} is no file with a passphrase`)
  }
  const line = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  if (line === '') throw new SheafError('BAD_ARGUMENT', `${path} holds no passphrase`)
  return Buffer.from(line)
}

async function asked({ shell }: Cli, question: string): Promise<Uint8Array | undefined> {
  const text = await shell.ask(question, { isHidden: true })
  return text === undefined ? undefined : Buffer.from(text)
}
