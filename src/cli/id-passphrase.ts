/** `sheaf id passphrase`: the keys of this machine under a passphrase, or not. */
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { newPassphrase, passphraseFor } from './passphrase.ts'

export function register(id: Command, cli: Cli): void {
  const passphrase = id
    .command('passphrase')
    .summary('seal the keys of this machine')
    .description(
      'Says whether the identity file is sealed. A sealed one needs its passphrase at each start, from the terminal, ' +
        'SHEAF_PASSPHRASE_FILE or SHEAF_PASSPHRASE. Nobody can tell a forgotten one; the 24 words still help.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf id passphrase', 'sheaf id passphrase set'))
    .action((_: unknown, command: Command) => tell(cli, command.optsWithGlobals()))
  passphrase
    .command('set')
    .summary('seal them, or seal them anew')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf id passphrase set'))
    .action(async (_: unknown, command: Command) => {
      const { resealIdentity } = await import('../node/io/identity/identity.ts')
      const old = await passphraseFor(cli)
      const fresh = await newPassphrase(cli)
      resealIdentity(cli.paths().identity, { old, fresh }, (length) => randomBytes(length))
      await tell(cli, command.optsWithGlobals())
    })
  passphrase
    .command('remove')
    .summary('leave them as they are')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf id passphrase remove'))
    .action(async (_: unknown, command: Command) => {
      const { resealIdentity } = await import('../node/io/identity/identity.ts')
      const old = await passphraseFor(cli)
      resealIdentity(cli.paths().identity, { old, fresh: undefined }, (length) => randomBytes(length))
      await tell(cli, command.optsWithGlobals())
    })
}

async function tell(cli: Cli, options: CommonOptions): Promise<void> {
  const { isIdentitySealed } = await import('../node/io/identity/identity.ts')
  const isSealed = isIdentitySealed(cli.paths().identity)
  if (options.json) await cli.shell.out(jsonLine({ isSealed }))
  else if (!options.quiet) {
    await cli.shell.out(
      isSealed ? 'sealed with a passphrase\n' : 'not sealed: whoever reads the file has your key\n',
    )
  }
}
