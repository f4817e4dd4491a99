/** `sheaf deny`, `allow`, `block`, `unblock`: the operator's own rules, in the running node or, where none runs, in its home. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import type { RuleJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommandModule, type CommonOptions, examples, jsonLine, note } from './cli.ts'
import { columns, count, harmless, oneLine } from './shown.ts'

interface RuleOptions extends CommonOptions {
  readonly why?: string
  readonly files?: boolean
}

interface Words {
  name: 'deny' | 'block'
  lift: 'allow' | 'unblock'
  argument: string
  argumentHelp: string
  summary: string
  description: string
  liftSummary: string
  none: string
  example: string
}

const ANSWER_WITHIN_MS = 10_000

const DENY: Words = {
  name: 'deny',
  lift: 'allow',
  argument: 'WHAT',
  argumentHelp:
    '@ENTITY/path for a page, @ENTITY for all that somebody signed, or the id of a version, a piece or a place',
  summary: 'stop serving something from this machine',
  description:
    'Puts something on the deny list of this node: it is no longer served, offered, pointed to, accepted, fetched, ' +
    'shown or exported here. What is on the disk stays there, unread. Without an argument, prints the list.',
  liftSummary: 'take something off the deny list',
  none: 'nothing is denied',
  example: "sheaf deny @ENTITY/bees --why 'a court said so'",
}

const BLOCK: Words = {
  name: 'block',
  lift: 'unblock',
  argument: 'PEER',
  argumentHelp: '@ENTITY for all machines of somebody, or the key of a device',
  summary: 'have nothing to do with a peer',
  description:
    'Ends the connections with a device, or with all devices of an entity, and makes and takes none any more. What ' +
    'they promised to hold no longer counts. Without an argument, prints the list.',
  liftSummary: 'talk to a peer again',
  none: 'nobody is blocked',
  example: "sheaf block @ENTITY --why 'floods us'",
}

export const deny: CommandModule = { register: (program, cli) => registerSet(program, cli, DENY) }
export const allow: CommandModule = { register: (program, cli) => registerLift(program, cli, DENY) }
export const block: CommandModule = { register: (program, cli) => registerSet(program, cli, BLOCK) }
export const unblock: CommandModule = { register: (program, cli) => registerLift(program, cli, BLOCK) }

function registerSet(program: Command, cli: Cli, words: Words): void {
  const command = program
    .command(words.name)
    .summary(words.summary)
    .description(words.description)
    .argument(`[${words.argument}]`, words.argumentHelp)
    .option('--why <TEXT>', 'the reason, for whoever reads the list')
  if (words.name === 'deny')
    command.option('--files', 'the bytes of its files, too, which other pages may have as well')
  command
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only ids')
    .addHelpText('after', examples(words.example, `sheaf ${words.name} --json`))
    .action(async (what: string | undefined, options: RuleOptions) => {
      if (what === undefined && (options.why !== undefined || options.files)) {
        const option = options.files ? '--files' : '--why'
        throw new SheafError('BAD_ARGUMENT', `${option} without a ${words.argument}`)
      }
      await (what === undefined ? list(cli, words, options) : set(cli, words, what, options))
    })
}

function registerLift(program: Command, cli: Cli, words: Words): void {
  program
    .command(words.lift)
    .summary(words.liftSummary)
    .description(`Takes back what sheaf ${words.name} said.`)
    .argument(`<${words.argument}>`, words.argumentHelp)
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only its id')
    .addHelpText('after', examples(`sheaf ${words.lift} @ENTITY`))
    .action(async (what: string, options: CommonOptions) => {
      const { rule, isChanged } = await change(cli, { action: 'lift', type: words.name, what })
      if (!isChanged) {
        throw new SheafError('NOT_FOUND', `there is no such rule: ${oneLine(what)}`, {
          hint: `sheaf ${words.name} lists them`,
        })
      }
      const done = words.name === 'deny' ? 'allowed' : 'unblocked'
      await tell(cli, options, rule, { rule, isChanged }, `${done}: ${rule.about}\n`)
    })
}

async function set(cli: Cli, { name }: Words, what: string, options: RuleOptions): Promise<void> {
  const {
    rule,
    ended,
    isRunning,
    files = [],
  } = await change(cli, {
    action: 'set',
    type: name,
    what,
    why: options.why ?? '',
    ...(options.files && { files: true }),
  })
  const done = name === 'deny' ? 'denied' : 'blocked'
  const now = isRunning ? '' : ', from the next start on'
  const cut = ended > 0 ? `; ${count(ended, 'connection')} ended` : ''
  await tell(cli, options, rule, { rule, ended, files }, `${done}${now}: ${rule.about}${cut}\n`)
  for (const place of options.files ? [] : files)
    note(cli.shell, options, `a file of it is served by its own name, for other pages: sheaf deny ${place}`)
  if (name === 'deny') note(cli.shell, options, 'its bytes stay on this disk, and go nowhere')
}

async function tell(cli: Cli, options: CommonOptions, rule: RuleJson, json: object, text: string) {
  if (options.json) return cli.shell.out(jsonLine(json))
  return cli.shell.out(options.quiet ? `${rule.id}\n` : harmless(text))
}

async function list(cli: Cli, words: Words, options: CommonOptions): Promise<void> {
  const all = await unlessRunning(
    async () => (await cli.client(ANSWER_WITHIN_MS).ask<{ rules: RuleJson[] }>('/v1/rules')).rules,
    async () => (await import('../node/io/control/ruling.ts')).rulesAtHome(cli.paths().home),
  )
  const rules = all.filter(({ type }) => type === words.name)
  if (options.json) return cli.shell.out(jsonLine({ rules }))
  if (options.quiet) return cli.shell.out(rules.map(({ id }) => `${id}\n`).join(''))
  if (rules.length === 0) return cli.shell.out(`${words.none}\n`)
  const rows = rules.map(({ about, why, sinceMs }) => [
    new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' '),
    oneLine(about),
    oneLine(why),
  ])
  return cli.shell.out(columns([['SINCE', 'WHAT', 'WHY'], ...rows]))
}

interface Changed {
  rule: RuleJson
  isChanged: boolean
  ended: number
  isRunning: boolean
  /** Where its files live. */
  files?: string[]
}

type Change = { action: 'set' | 'lift'; type: 'deny' | 'block'; what: string; why?: string; files?: boolean }

async function change(cli: Cli, wanted: Change): Promise<Changed> {
  return unlessRunning<Changed>(
    async () => {
      const answer = await cli
        .client(ANSWER_WITHIN_MS)
        .ask<Omit<Changed, 'isRunning'>>('/v1/rules', { method: 'POST', json: wanted })
      return { ...answer, isRunning: true }
    },
    async () => {
      const { changeAtHome } = await import('../node/io/control/ruling.ts')
      return { ...(await changeAtHome(cli.paths().home, wanted, Date.now())), isRunning: false }
    },
  )
}

/** Asks the running node; does it in the home where none runs. */
async function unlessRunning<T>(ask: () => Promise<T>, here: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (asSheafError(error).code !== 'NOT_RUNNING') throw error
    return here()
  }
}
