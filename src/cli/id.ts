/** `sheaf id`: who this node is. What changes that, or says more of it, is a command below it. */
import type { Command } from 'commander'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommandModule, type CommonOptions, examples, jsonLine } from './cli.ts'
import { columns, oneLine } from './shown.ts'
import { runningOr } from './stopped-home.ts'

const ANSWER_WITHIN_MS = 10_000

/** `sheaf id NAME …`: each registers its commands on `id`. */
const BELOW: readonly (() => Promise<CommandModule>)[] = [() => import('./id-device.ts')]

/** What `sheaf id` tells. Ids are in their text form. */
interface Who {
  entity: string | null
  device: string
  network: string
}

export async function register(program: Command, cli: Cli): Promise<void> {
  const id = program
    .command('id')
    .summary('who this node is')
    .description('Prints the identity of this machine: the entity, the key that it signs with, the device.')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the entity')
    .addHelpText('after', examples('sheaf id', 'sheaf id --json'))
    .action(async (options: CommonOptions) => {
      const who = await runningOr(
        () => running(cli),
        () => stopped(cli),
      )
      if (options.json) await cli.shell.out(jsonLine(who))
      else await cli.shell.out(options.quiet ? `${who.entity ?? ''}\n` : whoText(who))
    })
  for (const load of BELOW) (await load()).register(id, cli)
}

async function running(cli: Cli): Promise<Who> {
  const { entity, device, network } = await cli.client(ANSWER_WITHIN_MS).ask<StatusJson>('/v1/status')
  return { entity, device, network }
}

async function stopped(cli: Cli): Promise<Who> {
  const { readConfig } = await import('../node/io/config/config.ts')
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { idToText } = await import('../base/text-id.ts')
  const { loadIdentity } = await import('../node/io/identity/identity.ts')
  const paths = cli.paths()
  const config = readConfig({ env: cli.shell.env, file: paths.config })
  const network = networkOf(config.network, config.puzzleBits)
  const identity = loadIdentity(paths.identity, network, loadCrypto(config.crypto))
  return {
    entity: idToText(identity.entity),
    device: idToText(identity.device.publicKey),
    network: config.network,
  }
}

function whoText({ entity, device, network }: Who): string {
  return columns([
    ['entity', entity === null ? 'none: sheaf init makes one' : `@${entity}`],
    ['device', device],
    ['network', oneLine(network)],
  ])
}
