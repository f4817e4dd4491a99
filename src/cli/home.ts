/** A home from nothing: keys, certificate and configuration, as `init`, `invite` and `join` make it. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { loadCrypto } from '../base/crypto.ts'
import { SheafError } from '../base/errors.ts'
import { networkOf } from '../base/network.ts'
import { idToText } from '../base/text-id.ts'
import { readConfig, writeConfig } from '../node/io/config/config.ts'
import type { Config } from '../node/io/config/options.ts'
import { createIdentity } from '../node/io/identity/create.ts'
import { identityOf, saveIdentity } from '../node/io/identity/identity.ts'
import { type Cli, type CommonOptions, jsonLine, note, progressOf } from './cli.ts'

export interface NewHome {
  /** In their text form. */
  entity: string
  device: string
  /** Shown once by whoever called, and kept nowhere. */
  words: string
}

/**
 * Makes the identity, about 2^puzzleBits hashes of work, and writes the configuration unless there is
 * one. The identity comes last: where it is, all is. Throws BAD_CONFIG where the file that is there
 * is of another network, CANCELLED with nothing written.
 */
export async function makeHome(
  cli: Cli,
  config: Config,
  options: CommonOptions,
  passphrase?: Uint8Array,
): Promise<NewHome> {
  const { shell } = cli
  const paths = cli.paths()
  if (existsSync(paths.config)) refuseOtherNetwork(paths.config, config)
  const network = networkOf(config.network, config.puzzleBits)
  const crypto = loadCrypto(config.crypto)
  const progress = progressOf(shell, options)
  const { secrets, words } = await createIdentity({
    network,
    crypto,
    random: (length) => randomBytes(length),
    nowMs: Date.now(),
    signal: shell.signal,
    onProgress: (tries, expected) =>
      progress.show(`certifying this machine: ${tries} tries of about ${expected}`),
  }).finally(() => progress.clear())
  const identity = identityOf(secrets, network, crypto)
  if (existsSync(paths.config)) note(shell, options, `${paths.config} was there and is left as it is`)
  else writeConfig(paths.config, config)
  saveIdentity(paths.identity, secrets, passphrase && { passphrase, random: randomBytes })
  return { entity: idToText(identity.entity), device: idToText(identity.device.publicKey), words }
}

/** An identity of one network beside the configuration of another would never start. */
function refuseOtherNetwork(path: string, config: Config): void {
  const written = readConfig({ file: path })
  if (written.network === config.network && written.puzzleBits === config.puzzleBits) return
  throw new SheafError(
    'BAD_CONFIG',
    `${path} is of the network "${written.network}" (${written.puzzleBits} bits), not of "${config.network}" (${config.puzzleBits} bits)`,
    { hint: 'change or remove that file, or choose another home with --home DIR' },
  )
}

/** Shows the words at once, before anything else can fail: as a line of JSON, alone on stderr with -q, or as a page. */
export async function tellWords({ shell }: Cli, made: NewHome, options: CommonOptions): Promise<void> {
  if (options.json) await shell.out(jsonLine({ type: 'identity', ...made }))
  else if (options.quiet) shell.err(`${made.words}\n`)
  else await shell.out(`You are @${made.entity}\n\n${wordsText(made.words)}\n`)
}

/** The 24 words as a person copies them to paper. */
export function wordsText(words: string): string {
  const lines = words.split(' ').map((word, i) => `${String(i + 1).padStart(4)} ${word.padEnd(10)}`)
  const rows = Array.from({ length: 6 }, (_, row) =>
    lines
      .slice(row * 4, row * 4 + 4)
      .join('')
      .trimEnd(),
  )
  return `Write these 24 words on paper, in this order. They are shown only this once and kept nowhere.
They are your next key: with them you take your identity back when this machine is lost or its
key is stolen, and so does anybody else who has them.

${rows.join('\n')}
`
}
