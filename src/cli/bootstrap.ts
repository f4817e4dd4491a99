/** `sheaf bootstrap`: the first nodes of a private DHT. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'

interface BootstrapOptions extends CommonOptions {
  readonly port: string
  readonly host: string
}

export function register(program: Command, cli: Cli): void {
  program
    .command('bootstrap')
    .summary('run the seeds of a private network')
    .description(
      'Runs the seeds of a DHT of your own, until SIGINT. They carry no pages: they let nodes find each other.',
    )
    .requiredOption('--port <N>', 'the UDP port of the first seed')
    .option('--host <ADDRESS>', 'the address to bind to', '127.0.0.1')
    .option('--json', 'their addresses as one JSON object')
    .option('-q, --quiet', 'print only the first address')
    .addHelpText('after', examples('sheaf bootstrap --port 49737'))
    .action((options: BootstrapOptions) => bootstrap(cli, options))
}

async function bootstrap({ shell }: Cli, options: BootstrapOptions): Promise<void> {
  const port = /^\d{1,5}$/.test(options.port) ? Number(options.port) : 0
  if (port < 1 || port > 65_535) {
    throw new SheafError('BAD_ARGUMENT', '--port takes a whole number from 1 to 65535')
  }
  const { runBootstrap } = await import('../node/io/bootstrap.ts')
  const seeds = await runBootstrap({ host: options.host, port })
  try {
    const addresses = seeds.address.map((one) => `${one.host}:${one.port}`)
    if (options.json) await shell.out(jsonLine({ address: seeds.address }))
    else if (options.quiet) await shell.out(`${addresses[0]}\n`)
    else await shell.out(bootstrapText(addresses))
    if (!shell.signal.aborted) {
      await new Promise((resolve) => shell.signal.addEventListener('abort', resolve, { once: true }))
    }
  } finally {
    await seeds.close()
  }
}

function bootstrapText(addresses: readonly string[]): string {
  return `seeds at ${addresses.join(', ')}\nfor a node: sheaf start --bootstrap ${addresses[0]}\n`
}
