/**
 * `sheaf invite`: one word that brings others here. With `--private` it first makes what they are
 * brought to: an identity, a network of its own, and the seeds that it begins at.
 *
 *     home? ──▶ node runs, with seeds ──▶ folder published? ──▶ word
 */
import { randomBytes } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { Command } from 'commander'
import { loadCrypto } from '../base/crypto.ts'
import { SheafError } from '../base/errors.ts'
import { networkOf } from '../base/network.ts'
import { idToText } from '../base/text-id.ts'
import { type Space, spaceFromText } from '../content/space.ts'
import { inviteToText } from '../node/invite.ts'
import { freeUdpPorts, isLoopback, SEEDS } from '../node/io/bootstrap.ts'
import { readConfig } from '../node/io/config/config.ts'
import type { Config } from '../node/io/config/options.ts'
import { hasIdentity, loadIdentity } from '../node/io/identity/identity.ts'
import { type Cli, type CommonOptions, commandText, examples, jsonLine, note, SPACE_HELP } from './cli.ts'
import { configOf } from './config-flags.ts'
import { ensureRunning } from './detached.ts'
import { makeHome, type NewHome, tellWords } from './home.ts'
import { passphraseFor } from './passphrase.ts'
import { checkedFiles, sendFiles } from './publish.ts'
import { type DoneLine, doneText } from './published.ts'

interface InviteOptions extends CommonOptions {
  readonly private?: boolean
  readonly network?: string
  readonly host?: string
  readonly publish?: string
  readonly space: string
}

/** A few milliseconds for a certificate: who is let in is nobody's matter but the inviter's. */
const PUZZLE_BITS = 12
const NAME_BYTES = 4
const THIS_MACHINE = '127.0.0.1'

export function register(program: Command, cli: Cli): void {
  program
    .command('invite')
    .summary('one word that brings others to this network')
    .description(
      'Prints an invite: `sheaf join` takes it on another machine or in another terminal. With --private it makes ' +
        'an identity and a private network where there is no identity yet, and starts the node, which carries the ' +
        'seeds of that network. Run again, it prints the same word.',
    )
    .option('--private', 'a network of your own, on this machine unless --host says otherwise')
    .option('--network <NAME>', 'what to call it; else a name is drawn')
    .option('--host <ADDRESS>', "this machine's address in the network of those who are invited")
    .option('--publish <FILE|DIR>', 'markdown to publish at once, as `sheaf publish` does')
    .option('--space <SPACE>', `what the invited are shown first: ${SPACE_HELP}`, '@me')
    .option('--json', 'as JSON: a line for a new identity with its words, one for the invite')
    .option('-q, --quiet', 'print only the invite; the words of a new identity go to stderr')
    .addHelpText('after', examples('sheaf invite --private --publish garden', 'sheaf invite'))
    .action((options: InviteOptions) => invite(cli, options))
}

async function invite(cli: Cli, options: InviteOptions): Promise<void> {
  const { shell } = cli
  const files = options.publish === undefined ? undefined : await checkedFiles(cli, options.publish, options)
  const made = hasIdentity(cli.paths().identity) ? undefined : await makePrivate(cli, options)
  if (made !== undefined) await tellWords(cli, made, options)
  const config = configOf(cli, {})
  if (made === undefined) refuseOther(cli, config, options)
  const entity = made?.entity ?? (await ownEntity(cli, config))
  const word = inviteToText({ ...config, space: spaceOf(options.space, entity) })

  const isStarting = config.seedPorts.length > 0 || files !== undefined
  const running = isStarting ? await ensureRunning(cli, {}) : undefined
  // Nobody may be there yet: the outbox hands the pages on as the invited come.
  const done =
    files && (await sendFiles(cli, files, { ...options, message: '', patienceMs: 0, isSilent: true }))
  if (options.json) {
    const { network, puzzleBits, bootstrap } = config
    await shell.out(
      jsonLine({
        type: 'invite',
        invite: word,
        network,
        puzzleBits,
        bootstrap,
        entity,
        pid: running?.pid ?? null,
        published: done ?? null,
      }),
    )
  } else if (options.quiet) await shell.out(`${word}\n`)
  else await shell.out(inviteText({ config, word, entity, done, running }))
  if (reachesThisMachineOnly(config)) {
    note(shell, options, 'It works on this machine only; for others make a network with --host ADDRESS.')
  }
}

/** A network that begins here. The file is written before the identity, so a second run goes on with the same ports. */
async function makePrivate(cli: Cli, options: InviteOptions): Promise<NewHome> {
  const written = readConfig({ file: cli.paths().config })
  if (written.seedPorts.length > 0) return makeHome(cli, written, options)
  if (!options.private) {
    throw new SheafError('NO_IDENTITY', 'there is nobody here yet who could invite', {
      hint: '`sheaf invite --private` makes a network of your own; `sheaf init` joins the public one',
    })
  }
  const host = options.host ?? THIS_MACHINE
  if (!isIPv4(host) || host === '0.0.0.0') {
    throw new SheafError('BAD_ARGUMENT', '--host takes the IPv4 address at which others reach this machine')
  }
  const ports = await freeUdpPorts(host, SEEDS)
  const config = configOf(cli, {
    network: options.network ?? `private-${randomBytes(NAME_BYTES).toString('hex')}`,
    puzzleBits: String(PUZZLE_BITS),
    host,
    firewalled: 'false',
    seedPorts: ports.join(','),
    bootstrap: ports.map((port) => `${host}:${port}`).join(','),
  })
  return makeHome(cli, config, options)
}

/** What is asked of a home that is set up already must be what it is. */
function refuseOther(cli: Cli, config: Config, { private: isPrivate, network, host }: InviteOptions): void {
  if (isPrivate && config.seedPorts.length === 0) {
    throw new SheafError('ALREADY_EXISTS', `this home is part of the network "${config.network}" already`, {
      hint: 'a private network takes a home of its own: add --home DIR',
    })
  }
  if (network !== undefined && network !== config.network) {
    throw new SheafError('ALREADY_EXISTS', `the network of this home is "${config.network}"`, {
      hint: 'another network takes a home of its own: add --home DIR',
    })
  }
  if (host !== undefined && host !== config.host) {
    throw new SheafError('ALREADY_EXISTS', `the network of this home begins at ${config.host}`, {
      hint: `set host and bootstrap in ${cli.paths().config}, and start the node again`,
    })
  }
}

async function ownEntity(cli: Cli, config: Config): Promise<string> {
  const network = networkOf(config.network, config.puzzleBits)
  const passphrase = await passphraseFor(cli)
  return idToText(loadIdentity(cli.paths().identity, network, loadCrypto(config.crypto), passphrase).entity)
}

function spaceOf(text: string, entity: string): Space {
  return spaceFromText(text === '@me' ? `@${entity}` : text)
}

function reachesThisMachineOnly({ bootstrap }: Config): boolean {
  return bootstrap.length > 0 && bootstrap.every(({ host }) => isLoopback(host))
}

interface Told {
  config: Config
  word: string
  entity: string
  done: DoneLine | undefined
  running: { pid: number; isNew: boolean } | undefined
}

function inviteText({ config, word, entity, done, running }: Told): string {
  const process =
    running === undefined ? '' : `, ${running.isNew ? 'started as' : 'running as'} process ${running.pid}`
  return `${done === undefined ? '' : doneText(done)}@${entity} is in the network ${config.network}${process}

Whoever you invite types:
  ${commandText(undefined, 'join', word)}
`
}
