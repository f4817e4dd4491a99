/** `sheaf follow` and `sheaf unfollow`: to be told of what is new on a page, or of a person. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { ControlClient } from '../node/io/control/client.ts'
import type { JsonObject } from '../node/io/control/lines.ts'
import type { FollowJson } from '../node/io/control/shapes.ts'
import { type Called, calledBy } from './called.ts'
import {
  type Cli,
  type CommandModule,
  type CommonOptions,
  examples,
  jsonLine,
  note,
  pageArgument,
  timesOf,
} from './cli.ts'
import { nextDaemon } from './next-daemon.ts'
import { ago, columns, count, oneLine } from './shown.ts'

interface FollowOptions extends CommonOptions {
  readonly watch?: boolean
  readonly count?: string
}

interface NewsJson {
  type: 'version' | 'entity'
  id: string
  page: string
  author: string
  content: string
  summary: string
  isHead: boolean
  entity: string
  kind: string
}

const WHAT_HELP = 'a page; or a space: @ENTITY, @name, %GROUP, @me'
/** The longest that a timer takes: a page on which nothing happens for days is no failure. */
const QUIET_MS_MAX = 2 ** 31 - 1

export const follow: CommandModule = {
  register: (program, cli) => {
    program
      .command('follow')
      .summary('be told of what is new on a page, or of a person')
      .description(
        'Follows a page or a space from now on, over restarts: new versions are fetched whole, kept, and told of ' +
          'as events. Of a space: pages that its owner publishes, changes or deletes, and new keys, devices and ' +
          'profiles. With --watch it goes on to print what is new until Ctrl-C, of everything that is followed ' +
          'where nothing is named; what is followed stays followed. Without arguments it lists what is.',
      )
      .argument('[PAGE|SPACE]', WHAT_HELP)
      .option('--watch', 'print what is new as it comes')
      .option('--count <N>', 'with --watch: end with 0 after so many')
      .option('--timeout <SECONDS>', 'how long to ask others what is there now')
      .option('--json', 'as JSON; with --watch as NDJSON, an object for each version')
      .option('-q, --quiet', 'print only what is followed, or the ids of what is new')
      .addHelpText(
        'after',
        examples('sheaf follow garden/bees', 'sheaf follow @me', 'sheaf follow', 'sheaf follow --json'),
      )
      .action((what: string | undefined, options: FollowOptions) => {
        if (options.watch) return watch(cli, what, options)
        if (options.count !== undefined)
          throw new SheafError('BAD_ARGUMENT', '--count goes with --watch, which prints what is new')
        return what === undefined ? list(cli, options) : add(cli, what, options)
      })
  },
}

export const unfollow: CommandModule = {
  register: (program: Command, cli: Cli) => {
    program
      .command('unfollow')
      .summary('follow a page or a space no more')
      .description('Follows it no more. What came of it is kept.')
      .argument('<PAGE|SPACE>', WHAT_HELP)
      .option('--json', 'as one JSON object')
      .option('-q, --quiet', 'print nothing')
      .addHelpText('after', examples('sheaf unfollow garden/bees', 'sheaf unfollow @me --json'))
      .action(async (what: string, options: CommonOptions) => {
        const json = { what: pageArgument(what) }
        const answer = await cli
          .client()
          .ask<{ what: string; wasFollowed: boolean }>('/v1/unfollow', { method: 'POST', json })
        if (options.json) return cli.shell.out(jsonLine(answer))
        if (options.quiet) return
        const said = answer.wasFollowed ? 'is followed no more' : 'was not followed'
        return cli.shell.out(`${answer.what} ${said}\n`)
      })
  },
}

async function add(cli: Cli, what: string, options: FollowOptions): Promise<void> {
  const { shell } = cli
  const followed = await begin(cli, what, options)
  if (options.json) return shell.out(jsonLine(followed))
  if (options.quiet) return shell.out(`${followed.what}\n`)
  await shell.out(`${followed.what} ${followed.isNew ? 'is followed from now on' : 'is followed already'}\n`)
  note(shell, options, 'sheaf follow --watch prints what is new as it comes')
}

function begin(cli: Cli, what: string, options: FollowOptions): Promise<FollowJson & { isNew: boolean }> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const request = { method: 'POST' as const, json: { what: pageArgument(what) }, query: { timeoutMs } }
  return cli.client(deadlineMs).ask('/v1/follow', request)
}

async function list(cli: Cli, options: FollowOptions): Promise<void> {
  const { shell } = cli
  const answer = await cli.client().ask<{ follows: FollowJson[] }>('/v1/follows')
  if (options.json) return shell.out(jsonLine(answer))
  if (options.quiet) return shell.out(answer.follows.map(({ what }) => `${what}\n`).join(''))
  if (answer.follows.length === 0)
    return note(shell, options, 'nothing is followed; sheaf follow PAGE begins')
  const nowMs = Date.now()
  const rows = answer.follows.map(({ what, sinceMs, keepers, told, toldMs }) => [
    what,
    `since ${ago(sinceMs, nowMs)}`,
    `${count(keepers, 'keeper')} tell${keepers === 1 ? 's' : ''}`,
    toldMs === null ? 'nothing new' : `${told} new, the last ${ago(toldMs, nowMs)}`,
  ])
  return shell.out(columns(rows))
}

/** Listens first, then follows: nothing that is told in between is missed. */
async function watch(cli: Cli, what: string | undefined, options: FollowOptions): Promise<void> {
  const { shell } = cli
  const called = await calledBy(cli)
  let left = options.count === undefined ? Number.POSITIVE_INFINITY : wholeCount(options.count)
  const client = new ControlClient({
    socketPath: cli.paths().socket,
    signal: shell.signal,
    deadlineMs: QUIET_MS_MAX,
  })
  const query = { of: what === undefined ? undefined : pageArgument(what) }
  for (let isFirst = true; left > 0; isFirst = false) {
    if (!isFirst) {
      note(shell, options, 'the daemon has ended; waiting for the next one')
      await nextDaemon(cli)
      note(shell, options, 'a daemon is back')
    }
    try {
      for await (const line of client.stream('/v1/versions', { query })) {
        if (line.type === 'listening') {
          if (isFirst) note(shell, options, 'watching; Ctrl-C ends it')
          if (what === undefined) continue
          const followed = await begin(cli, what, options)
          if (followed.isNew) note(shell, options, `${followed.what} is followed from now on`)
          continue
        }
        await shell.out(newsText(line, options, called))
        left -= 1
        if (left <= 0) return
      }
    } catch (error) {
      if (isFirst || asSheafError(error).code !== 'NOT_RUNNING') throw error
    }
    if (shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
  }
}

function newsText(line: JsonObject, options: FollowOptions, called: Called): string {
  if (options.json) return jsonLine(line)
  const news = line as unknown as NewsJson
  if (options.quiet) return `${news.id}\n`
  const words =
    news.type === 'entity'
      ? [`@${news.entity}${called(news.entity)}`, news.id, news.kind]
      : [
          news.page,
          news.id,
          news.isHead ? 'head' : 'beside the head',
          `by @${news.author}${called(news.author)}`,
          ...(news.content === 'text' ? [] : [news.content]),
          ...(news.summary === '' ? [] : [news.summary]),
        ]
  return `${oneLine(words.join('  '))}\n`
}

function wholeCount(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new SheafError('BAD_ARGUMENT', '--count takes a whole number from 1')
}
