/** `sheaf init`: an identity for this machine, and the configuration that goes with it. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note, progressOf } from './cli.ts'
import { addConfigFlags, type ConfigFlags, configOf } from './config-flags.ts'

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('init')
    .summary('make the identity of this machine')
    .description(
      'Draws your keys and the certificate of this machine, and writes the configuration file. Prints 24 ' +
        'recovery words, once: whoever has them can take your identity back, or away.',
    )
    .option('--json', 'as one JSON object, the words included')
    .option('-q, --quiet', 'print the words and nothing else')
  addConfigFlags(command)
    .addHelpText('after', examples('sheaf init', 'sheaf init --network test --puzzle-bits 8 --json'))
    .action((options: CommonOptions & ConfigFlags) => init(cli, options))
}

async function init(cli: Cli, options: CommonOptions & ConfigFlags): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const config = configOf(cli, options)
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { idToText } = await import('../base/text-id.ts')
  const { writeConfig } = await import('../node/io/config/config.ts')
  const { createIdentity } = await import('../node/io/identity/create.ts')
  const { hasIdentity, identityOf, saveIdentity } = await import('../node/io/identity/identity.ts')
  if (hasIdentity(paths.identity)) {
    throw new SheafError('ALREADY_EXISTS', `there is an identity at ${paths.identity}`, {
      hint: 'sheaf start uses it; another one goes into another home, with --home DIR',
    })
  }
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
  saveIdentity(paths.identity, secrets)
  if (existsSync(paths.config)) note(shell, options, `${paths.config} was there and is left as it is`)
  else writeConfig(paths.config, config)
  const entity = idToText(identity.entity)
  const device = idToText(identity.device.publicKey)
  if (options.json) await shell.out(jsonLine({ entity, device, words, paths }))
  else if (options.quiet) await shell.out(`${words}\n`)
  else await shell.out(welcome(entity, words, paths.home))
}

function welcome(entity: string, words: string, home: string): string {
  const lines = words.split(' ').map((word, i) => `${String(i + 1).padStart(4)} ${word.padEnd(10)}`)
  const rows = Array.from({ length: 6 }, (_, row) =>
    lines
      .slice(row * 4, row * 4 + 4)
      .join('')
      .trimEnd(),
  )
  return `You are @${entity}

Write these 24 words on paper, in this order. They are shown only this once and kept nowhere.
They are your next key: with them you take your identity back when this machine is lost or its
key is stolen, and so does anybody else who has them.

${rows.join('\n')}

Your files are in ${home}.

Next:
  sheaf start --daemon
  sheaf publish FOLDER
  sheaf status
`
}
