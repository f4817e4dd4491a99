/** `sheaf id`: who this node is. What changes that, or says more of it, is a command below it. */
import type { Command } from 'commander'
import type { KeyJson, KeyStateJson } from '../node/io/control/key-routes.ts'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommandModule, type CommonOptions, examples, jsonLine } from './cli.ts'
import { passphraseFor } from './passphrase.ts'
import { columns, oneLine } from './shown.ts'
import { runningOr } from './stopped-home.ts'

const ANSWER_WITHIN_MS = 10_000

/** `sheaf id NAME …`: each registers its commands on `id`, which takes --json and -q for them: they ask for `optsWithGlobals()`. */
const BELOW: readonly (() => Promise<CommandModule>)[] = [
  () => import('./id-device.ts'),
  () => import('./id-keys.ts'),
  () => import('./id-recover.ts'),
  () => import('./id-passphrase.ts'),
]

/** What `sheaf id` tells. Ids are in their text form. */
interface Who {
  entity: string | null
  device: string
  network: string
  /** The key that this machine signs with; null where it has none. */
  key: KeyJson | null
  isRetired: boolean
  isFrozen: boolean
  chain: KeyJson[]
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
  const client = cli.client(ANSWER_WITHIN_MS)
  const { entity, device, network } = await client.ask<StatusJson>('/v1/status')
  if (entity === null) return { entity, device, network, ...NO_KEY }
  const { signsWith, isRetired, isFrozen, chain, rivals } = await client.ask<KeyStateJson>('/v1/id')
  const key = [...chain, ...rivals].find(({ id }) => id === signsWith) ?? null
  return { entity, device, network, key, isRetired, isFrozen, chain }
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
  const passphrase = await passphraseFor(cli)
  const identity = loadIdentity(paths.identity, network, loadCrypto(config.crypto), passphrase)
  // What the file says; whether others know of a later key only a node hears.
  const keys = identity.blocks.slice(0, -1)
  const chain = keys.map(({ id, timeMs }, position) => ({ id: idToText(id), position, timeMs }))
  return {
    entity: idToText(identity.entity),
    device: idToText(identity.device.publicKey),
    network: config.network,
    ...NO_KEY,
    key: chain.at(-1)!,
    chain,
  }
}

const NO_KEY = { key: null, isRetired: false, isFrozen: false, chain: [] }

function whoText({ entity, device, network, key, isRetired, isFrozen }: Who): string {
  return columns([
    ['entity', entity === null ? 'none: sheaf init makes one' : `@${entity}`],
    ...(key === null ? [] : [['key', keyText(key, isRetired, isFrozen)]]),
    ['device', device],
    ['network', oneLine(network)],
  ])
}

function keyText({ position, timeMs }: KeyJson, isRetired: boolean, isFrozen: boolean): string {
  const since = new Date(timeMs).toISOString().slice(0, 10)
  if (isFrozen) return `${position}, since ${since}; FROZEN: two keys stand side by side, see sheaf id keys`
  if (isRetired) return `${position}, since ${since}; RETIRED: sheaf id rotate takes the one after it`
  return position === 0 ? `the first, since ${since}` : `${position}, rotated ${since}`
}
