/** `sheaf init`: an identity for this machine, and the configuration that goes with it. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { addConfigFlags, type ConfigFlags, configOf } from './config-flags.ts'

interface InitOptions extends CommonOptions, ConfigFlags {
  readonly passphrase?: boolean
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('init')
    .summary('make the identity of this machine')
    .description(
      'Draws your keys and the certificate of this machine, and writes the configuration file. Prints 24 ' +
        'recovery words, once: whoever has them can take your identity back, or away.',
    )
    .option('--passphrase', 'seal your keys with a passphrase: typed twice, or from SHEAF_PASSPHRASE_FILE')
    .option('--json', 'as one JSON object, the words included')
    .option('-q, --quiet', 'print the words and nothing else')
  addConfigFlags(command)
    .addHelpText('after', examples('sheaf init', 'sheaf init --network test --puzzle-bits 8 --json'))
    .action((options: InitOptions) => init(cli, options))
}

async function init(cli: Cli, options: InitOptions): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const config = configOf(cli, options)
  const { hasIdentity } = await import('../node/io/identity/identity.ts')
  if (hasIdentity(paths.identity)) {
    throw new SheafError('ALREADY_EXISTS', `there is an identity at ${paths.identity}`, {
      hint: 'sheaf start uses it; another one goes into another home, with --home DIR',
    })
  }
  const { newPassphrase } = await import('./passphrase.ts')
  const passphrase = options.passphrase ? await newPassphrase(cli) : undefined
  const { makeHome, wordsText } = await import('./home.ts')
  const { entity, device, words } = await makeHome(cli, config, options, passphrase)
  if (options.json) await shell.out(jsonLine({ entity, device, words, paths }))
  else if (options.quiet) await shell.out(`${words}\n`)
  else await shell.out(welcome(entity, wordsText(words), paths.home))
}

function welcome(entity: string, words: string, home: string): string {
  return `You are @${entity}

${words}
Your files are in ${home}.

Next:
  sheaf start --daemon
  sheaf publish FOLDER
  sheaf status
`
}
