/**
 * `sheaf join`: from an invite to reading what the inviter wrote.
 *
 *     invite ──▶ home? ──▶ node runs ──▶ somebody met ──▶ own pages published? ──▶ what there is to read
 */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { type Space, spaceToText } from '../content/space.ts'
import { type Invite, inviteFromText } from '../node/invite.ts'
import { isLoopback } from '../node/io/bootstrap.ts'
import { readConfig } from '../node/io/config/config.ts'
import { ControlClient } from '../node/io/control/client.ts'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { hasIdentity } from '../node/io/identity/identity.ts'
import {
  type Cli,
  type CommonOptions,
  commandText,
  examples,
  jsonLine,
  millisecondsArgument,
  progressOf,
} from './cli.ts'
import { type ConfigFlags, configOf } from './config-flags.ts'
import { ensureRunning } from './detached.ts'
import { makeHome, tellWords } from './home.ts'
import { checkedFiles, sendFiles } from './publish.ts'
import { doneText, notHeld } from './published.ts'
import { count, oneLine } from './shown.ts'

interface JoinOptions extends CommonOptions {
  readonly publish?: string
  readonly host?: string
  readonly wait: string
}

interface Listed {
  pages: { path: string }[]
}

const WAIT_SECONDS = '30'
const WAIT_SECONDS_MAX = 600
const TELL_EVERY_MS = 1_000
/** Paths that are named of the inviter's space. */
const PAGES_SHOWN = 8

export function register(program: Command, cli: Cli): void {
  program
    .command('join')
    .summary('come where an invite leads')
    .description(
      'Makes an identity where there is none, becomes part of the network that the invite names, starts the node, ' +
        'waits until it has met somebody, and says what there is to read. Run again, it goes on where it was.',
    )
    .argument('<INVITE>', 'the word that `sheaf invite` printed')
    .option('--publish <FILE|DIR>', 'markdown to publish at once, as `sheaf publish` does')
    .option('--host <ADDRESS>', 'the address to bind to; else this machine only where the network is on it')
    .option('--wait <SECONDS>', 'how long to look for others', WAIT_SECONDS)
    .option('--json', 'as JSON: a line for a new identity with its words, one for how it went')
    .option('-q, --quiet', "print only the inviter's space; the words of a new identity go to stderr")
    .addHelpText('after', examples('sheaf join sheaf1… --publish notes'))
    .action((word: string, options: JoinOptions) => join(cli, word, options))
}

async function join(cli: Cli, word: string, options: JoinOptions): Promise<void> {
  const { shell } = cli
  const invite = inviteFromText(word)
  const waitMs = millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  const files = options.publish === undefined ? undefined : await checkedFiles(cli, options.publish, options)
  const flags = flagsOf(invite, options.host)
  const isMember = hasIdentity(cli.paths().identity)
  if (isMember) refuseOther(cli, invite)
  else await tellWords(cli, await makeHome(cli, configOf(cli, flags), options), options)

  const { pid, isNew } = await ensureRunning(cli, isMember ? {} : flags)
  const peers = await meet(cli, waitMs, options)
  const done = files && (await sendFiles(cli, files, { ...options, message: '', isSilent: true }))
  const { entity } = await cli.client().ask<StatusJson>('/v1/status')
  const paths = peers === 0 || invite.space === undefined ? undefined : await pathsIn(cli, invite.space)
  if (options.json) {
    await shell.out(
      jsonLine({
        type: 'joined',
        network: invite.network,
        entity,
        pid,
        peers,
        space: invite.space === undefined ? null : spaceToText(invite.space),
        pages: paths ?? null,
        published: done ?? null,
      }),
    )
  } else if (options.quiet)
    await shell.out(invite.space === undefined ? '' : `${spaceToText(invite.space)}\n`)
  else {
    await shell.out(
      `${isMember ? 'already in' : 'joined'} the network ${invite.network} (${isNew ? 'started as' : 'running as'} process ${pid}), ${count(peers, 'peer')} met\n` +
        (done === undefined ? '' : doneText(done)) +
        readingText(cli, invite.space, paths) +
        `Others read you at @${entity}${files?.[0] === undefined ? '' : `/${files[0].path}`}\n`,
    )
  }
  if (peers === 0) {
    throw new SheafError('NO_PEERS', `nobody was met within ${options.wait} s; the node goes on looking`, {
      hint: 'ask whether the node of the inviter runs; `sheaf peers` shows when somebody is there',
    })
  }
  if (done !== undefined && !done.isHeld) throw notHeld(done)
}

/** They go before file and variables, so that the node is where the invite says. */
export function flagsOf({ network, puzzleBits, bootstrap }: Invite, host: string | undefined): ConfigFlags {
  const isHere = bootstrap.length > 0 && bootstrap.every((one) => isLoopback(one.host))
  return {
    network,
    puzzleBits: String(puzzleBits),
    bootstrap: addressesOf(bootstrap).join(','),
    ...(isHere && { host: '127.0.0.1', firewalled: 'false' }),
    ...(host !== undefined && { host }),
  }
}

/** An identity stays in the network that it was made for, and its node begins where its file says. */
function refuseOther(cli: Cli, { network, puzzleBits, bootstrap }: Invite): void {
  const path = cli.paths().config
  const config = readConfig({ env: cli.shell.env, file: path })
  if (config.network !== network || config.puzzleBits !== puzzleBits) {
    throw new SheafError(
      'ALREADY_EXISTS',
      `the identity of this home is of the network "${config.network}", and the invite is to "${network}"`,
      { hint: 'another network takes a home of its own: add --home DIR' },
    )
  }
  // Their order means nothing, neither in the invite nor in the file.
  if (String(addressesOf(config.bootstrap).sort()) !== String(addressesOf(bootstrap).sort())) {
    const addresses = addressesOf(bootstrap).map((one) => JSON.stringify(one))
    throw new SheafError('ALREADY_EXISTS', `this home begins "${network}" at other addresses`, {
      hint: `set bootstrap = [${addresses.join(', ')}] in ${path}`,
    })
  }
}

/** Waits until the node has an open session with somebody; how many there are, 0 when the time is over. */
async function meet(cli: Cli, waitMs: number, options: CommonOptions): Promise<number> {
  const { shell } = cli
  const progress = progressOf(shell, options)
  const deadline = AbortSignal.timeout(waitMs)
  const begunMs = Date.now()
  const show = () => progress.show(`looking for others: ${Math.round((Date.now() - begunMs) / 1000)} s`)
  const timer = setInterval(show, TELL_EVERY_MS)
  show()
  const watching = new ControlClient({
    socketPath: cli.paths().socket,
    signal: AbortSignal.any([shell.signal, deadline]),
    deadlineMs: waitMs + TELL_EVERY_MS,
  })
  try {
    for await (const { type } of watching.stream('/v1/events')) {
      if (!['listening', 'opened', 'introduced'].includes(String(type))) continue
      const { peersAcceptingStores } = await watching.ask<StatusJson>('/v1/status')
      if (peersAcceptingStores > 0) return peersAcceptingStores
    }
  } catch (error) {
    if (!deadline.aborted || shell.signal.aborted) throw error
  } finally {
    clearInterval(timer)
    progress.clear()
  }
  return 0
}

/** The paths of a space; undefined where nobody met so far can tell. */
async function pathsIn(cli: Cli, space: Space): Promise<string[] | undefined> {
  try {
    const { pages } = await cli.client().ask<Listed>('/v1/list', { query: { space: spaceToText(space) } })
    return pages.map(({ path }) => path)
  } catch (error) {
    const { code } = asSheafError(error)
    if (code === 'NOT_FOUND') return []
    if (code === 'UNREACHABLE' || code === 'NO_PEERS' || code === 'TIMEOUT') return undefined
    throw error
  }
}

function readingText(cli: Cli, space: Space | undefined, paths: readonly string[] | undefined): string {
  if (space === undefined) return ''
  const name = spaceToText(space)
  const [first] = paths ?? []
  if (first === undefined) {
    const why =
      paths === undefined ? 'What the inviter wrote is not known here yet' : 'The inviter wrote nothing yet'
    return `${why}; look again:\n  ${commandText(cli.home(), 'list', name)}\n`
  }
  const shown = paths!.slice(0, PAGES_SHOWN)
  const more = paths!.length > shown.length ? `, and ${paths!.length - shown.length} more` : ''
  return (
    `${count(paths!.length, 'page')} of ${name}:\n  ${oneLine(shown.join(', '))}${more}\n` +
    `To read one:\n  ${oneLine(commandText(cli.home(), 'get', `${name}/${first}`))}\n`
  )
}

function addressesOf(bootstrap: Invite['bootstrap']): string[] {
  return bootstrap.map(({ host, port }) => `${host}:${port}`)
}
