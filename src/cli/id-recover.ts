/** `sheaf id recover`: an identity comes back on a new machine, from 24 words and one peer that knows it. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { confirm } from './asking.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  millisecondsArgument,
  note,
  progressOf,
} from './cli.ts'
import { addConfigFlags, type ConfigFlags, configOf } from './config-flags.ts'
import { planText } from './id-keys.ts'
import { flagsOf } from './join.ts'
import { count } from './shown.ts'
import { keyGivenBy, type WordsOptions, wordsGiven } from './words.ts'

interface RecoverFlags extends CommonOptions, WordsOptions {
  readonly invite?: string
  readonly wait: string
  readonly except?: string[]
  readonly yes?: boolean
}

const WAIT_SECONDS = '30'
const WAIT_SECONDS_MAX = 600
const FETCH_MS = 15 * 60_000

export function register(id: Command, cli: Cli): void {
  const command = id
    .command('recover')
    .summary('take an identity back on a new machine')
    .description(
      'Asks others for the keys and the pages of an identity, and takes its next key, which the 24 words give: the name, ' +
        'the pages and the standing are yours again, and the key of the lost machine counts no more. The machine gets a ' +
        'device of its own.',
    )
    .argument('<ENTITY>', '@ENTITY, as `sheaf id` showed it')
    .option('--invite <WORD>', 'where the network begins, from anybody who is in it')
    .option('--words-file <FILE>', 'a file with the 24 words; else SHEAF_WORDS, else you are asked')
    .option('--except <ID...>', 'records that you do not stand by: pages that a thief published')
    .option('--wait <SECONDS>', 'how long to look for others', WAIT_SECONDS)
    .option('-y, --yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the entity')
  addConfigFlags(command)
    .addHelpText('after', examples('sheaf --home new id recover @k7ti… --invite sheaf1…'))
    .action((entity: string, _: unknown, below: Command) =>
      recover(cli, entity, below.optsWithGlobals<RecoverFlags & ConfigFlags>()),
    )
}

async function recover(cli: Cli, text: string, options: RecoverFlags & ConfigFlags): Promise<void> {
  const { shell } = cli
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { idFromText, idToText } = await import('../base/text-id.ts')
  const { inviteFromText } = await import('../node/invite.ts')
  const { writeConfig } = await import('../node/io/config/config.ts')
  const { keyStateJson } = await import('../node/io/control/key-routes.ts')
  const { recoverHome } = await import('../node/io/recovering.ts')
  const entity = idFromText(text.replace(/^@/, ''))
  const leaveOut = (options.except ?? []).map(idFromText)
  const waitMs = millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  const flags = options.invite === undefined ? {} : flagsOf(inviteFromText(options.invite), undefined)
  const config = configOf(cli, { ...flags, ...options })
  const words = await wordsGiven(cli, options)
  const paths = cli.paths()
  const progress = progressOf(shell, options)
  progress.show('looking for others')
  const recovered = await recoverHome({
    config,
    paths,
    network: networkOf(config.network, config.puzzleBits),
    crypto: loadCrypto(config.crypto),
    random: (length) => randomBytes(length),
    nowMs: Date.now(),
    signal: shell.signal,
    entity,
    waitMs,
    fetchMs: FETCH_MS,
    leaveOut,
    async keyFor(state) {
      const { secret, next } = await keyGivenBy(words, keyStateJson(state))
      return { secret: Buffer.from(secret, 'hex'), next: Buffer.from(next, 'hex') }
    },
    async confirm(plan, { pages, told, asked }) {
      progress.clear()
      note(shell, options, toldText(told, asked))
      note(shell, options, `${count(pages, 'page')} found; ${planText({ ...plan, batches: [] })}`)
      await confirm(shell, 'Take this key?', options)
      if (!existsSync(paths.config)) writeConfig(paths.config, config)
    },
  }).finally(() => progress.clear())
  const { rotated, pages, missing, held, device, told, asked } = recovered
  const said = {
    entity: text.replace(/^@/, ''),
    device: idToText(device),
    position: rotated.position,
    standsBy: rotated.standsBy,
    leftOut: rotated.leftOut,
    pages,
    missing,
    told,
    asked,
    isHeld: held.isHeld,
  }
  if (options.json) return shell.out(jsonLine(said))
  if (options.quiet) return shell.out(`${said.entity}\n`)
  return shell.out(
    `You are @${said.entity} again, with key ${said.position} and ${count(pages, 'page')}` +
      `${missing > 0 ? `, ${missing} of which nobody delivered` : ''}\n` +
      `The key record is held by ${held.held} of ${held.target}${held.isHeld ? '' : '; sheaf start goes on with it'}\n`,
  )
}

/** Of a chain that is longer than what was told the next key would stand beside another one, and freeze the identity. */
function toldText(told: number, asked: number): string {
  const peers = `${told} of ${count(asked, 'peer')} told the keys of this identity`
  const warning =
    ': where it left some out, the key that you take freezes the identity; --wait looks for others for longer'
  return told === 1 ? `only ${peers}${warning}` : peers
}
