/** From arguments to an exit status. Only the files of the command that was asked for are loaded. */
import { Command, CommanderError } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { type Failure, failureOf } from '../node/io/control/failure.ts'
import { type Cli, type CommandModule, cliOf, commandText, jsonLine } from './cli.ts'
import { EXIT_OF, EXIT_STATUSES } from './exit.ts'
import type { Shell } from './shell.ts'
import { count, oneLine } from './shown.ts'

interface Verb {
  name: string
  group: string
  load(): Promise<CommandModule>
}

const COMMANDS: readonly Verb[] = [
  { name: 'init', group: 'Node', load: () => import('./init.ts') },
  { name: 'id', group: 'Node', load: () => import('./id.ts') },
  { name: 'invite', group: 'Node', load: () => import('./invite.ts') },
  { name: 'join', group: 'Node', load: () => import('./join.ts') },
  { name: 'start', group: 'Node', load: () => import('./start.ts') },
  { name: 'stop', group: 'Node', load: () => import('./stop.ts') },
  { name: 'status', group: 'Node', load: () => import('./status.ts') },
  { name: 'doctor', group: 'Node', load: () => import('./doctor.ts') },
  { name: 'peers', group: 'Node', load: () => import('./peers.ts') },
  { name: 'events', group: 'Node', load: () => import('./events.ts') },
  { name: 'config', group: 'Node', load: () => import('./config.ts') },
  { name: 'paths', group: 'Node', load: () => import('./paths.ts') },
  { name: 'completion', group: 'Node', load: () => import('./completion.ts') },
  { name: 'man', group: 'Node', load: () => import('./man.ts') },
  { name: 'bootstrap', group: 'Node', load: () => import('./bootstrap.ts') },
  { name: 'backup', group: 'Node', load: () => import('./backup.ts') },
  { name: 'restore', group: 'Node', load: () => import('./restore.ts') },
  { name: 'verify', group: 'Node', load: () => import('./verify.ts') },
  { name: 'reindex', group: 'Node', load: () => import('./reindex.ts') },
  { name: 'demo', group: 'Node', load: () => import('./demo.ts') },
  { name: 'sim', group: 'Node', load: () => import('./sim.ts') },
  { name: 'profile', group: 'Node', load: () => import('./profile.ts') },
  { name: 'had', group: 'Node', load: () => import('./had.ts') },
  { name: 'name', group: 'Node', load: () => import('./name.ts') },
  { name: 'deny', group: 'Policy', load: async () => (await import('./rules.ts')).deny },
  { name: 'allow', group: 'Policy', load: async () => (await import('./rules.ts')).allow },
  { name: 'block', group: 'Policy', load: async () => (await import('./rules.ts')).block },
  { name: 'unblock', group: 'Policy', load: async () => (await import('./rules.ts')).unblock },
  { name: 'publish', group: 'Pages', load: () => import('./publish.ts') },
  { name: 'edit', group: 'Pages', load: () => import('./edit.ts') },
  { name: 'import', group: 'Pages', load: () => import('./import.ts') },
  { name: 'get', group: 'Pages', load: () => import('./get.ts') },
  { name: 'render', group: 'Pages', load: () => import('./render.ts') },
  { name: 'log', group: 'Pages', load: () => import('./log.ts') },
  { name: 'diff', group: 'Pages', load: () => import('./diff.ts') },
  { name: 'blame', group: 'Pages', load: () => import('./blame.ts') },
  { name: 'merge', group: 'Pages', load: () => import('./merge.ts') },
  { name: 'revert', group: 'Pages', load: () => import('./revert.ts') },
  { name: 'rename', group: 'Pages', load: () => import('./rename.ts') },
  { name: 'redirect', group: 'Pages', load: () => import('./redirect.ts') },
  { name: 'delete', group: 'Pages', load: () => import('./delete.ts') },
  { name: 'bookmark', group: 'Pages', load: () => import('./bookmark.ts') },
  { name: 'search', group: 'Pages', load: () => import('./search.ts') },
  { name: 'links', group: 'Pages', load: async () => (await import('./links.ts')).links },
  { name: 'backlinks', group: 'Pages', load: async () => (await import('./links.ts')).backlinks },
  { name: 'where', group: 'Pages', load: () => import('./where.ts') },
  { name: 'follow', group: 'Pages', load: async () => (await import('./follow.ts')).follow },
  { name: 'unfollow', group: 'Pages', load: async () => (await import('./follow.ts')).unfollow },
  { name: 'list', group: 'Spaces', load: () => import('./list.ts') },
  { name: 'recent', group: 'Spaces', load: () => import('./recent.ts') },
  { name: 'export', group: 'Spaces', load: () => import('./export.ts') },
  { name: 'count', group: 'Votes', load: loadCount },
]

/** All there are, in the order of the help. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name)

const VERSION_FLAGS = ['-V', '--version']

const EXIT_HELP = `
Exit statuses:
  ${EXIT_STATUSES.slice(0, 7).map(statusText).join(', ')},
  ${EXIT_STATUSES.slice(7).map(statusText).join(', ')}

Every command takes --json and --help. Begin with: sheaf init
`

/** Runs one command; its exit status. Everything that fails is told here, as one line or as JSON. */
export async function runCli(args: readonly string[], shell: Shell): Promise<number> {
  const program = newProgram()
  const whole = async (): Promise<Command> => {
    const all = newProgram()
    await registerCommands(all, cli, [])
    return all
  }
  const cli: Cli = cliOf(shell, () => program.opts<{ home?: string }>().home, whole)
  try {
    await registerCommands(program, cli, args)
    if (args.length === 0) {
      await shell.out(program.helpInformation() + EXIT_HELP)
      return 0
    }
    return await parse(program, args, shell)
  } catch (error) {
    tellFailure(cli, error, args)
    return EXIT_OF[asSheafError(error).code]
  }
}

function newProgram(): Command {
  return new Command('sheaf')
    .description('A wiki that no one hosts.')
    .usage('COMMAND [ARGUMENTS]')
    .option('--home <DIR>', 'the folder of the node; else SHEAF_HOME, else the XDG folders')
    .option('-V, --version', 'the version of this program')
    .helpOption('-h, --help', 'this help, or that of a command')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .exitOverride()
}

/** `get <PAGE|ID>`: every command has options, so saying so says nothing. */
function termOf(command: Command): string {
  const names = command.registeredArguments.map((argument) => `<${argument.name()}>`)
  return [command.name(), ...names].join(' ')
}

function statusText([status, meaning]: readonly [number, string]): string {
  return `${status} ${meaning}`
}

async function registerCommands(program: Command, cli: Cli, args: readonly string[]): Promise<void> {
  const verb = verbOf(args)
  if (verb === undefined && VERSION_FLAGS.some((flag) => args.includes(flag))) return
  const asked = COMMANDS.find(({ name }) => name === verb)
  for (const { group, load } of asked === undefined ? COMMANDS : [asked]) {
    program.commandsGroup(`${group}:`)
    const module = await load()
    await module.register(program, cli)
  }
}

/** The first argument that is no option; the one after `--home` is its value. */
function verbOf(args: readonly string[]): string | undefined {
  return args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '--home')
}

async function parse(program: Command, args: readonly string[], shell: Shell): Promise<number> {
  let text = ''
  const output = {
    writeOut: (out: string) => {
      text += out
    },
    writeErr: () => {},
  }
  for (const command of [program, ...program.commands.flatMap(withBelow)]) {
    command.configureOutput(output)
    command.exitOverride()
  }
  program.on('option:version', () => {
    throw new CommanderError(0, 'commander.version', '')
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.version') text = `${(await import('./version.ts')).versionText()}\n`
    if (error.exitCode === 0) {
      await shell.out(text)
      return 0
    }
    const { message } = error
    throw new SheafError('BAD_ARGUMENT', oneLine(message.replace(/^error: /, '')), {
      hint: `sheaf ${program.commands.length === 1 ? `${program.commands[0]!.name()} ` : ''}--help`,
    })
  }
}

/** A command and all that are below it. */
function withBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withBelow)]
}

/** One line and a hint, or the same as JSON, on stderr. */
function tellFailure({ shell, home }: Cli, error: unknown, args: readonly string[]): void {
  const failure = withHome(failureOf(error), home())
  if (args.includes('--json')) {
    shell.err(jsonLine({ error: failure }))
    return
  }
  const { code, message, hint, asked = [] } = failure
  shell.err(`error: ${oneLine(message)} (${code})\n`)
  if (asked.length > 0) {
    const answers = new Map<string, number>()
    for (const { answer } of asked) answers.set(answer, (answers.get(answer) ?? 0) + 1)
    const counts = [...answers].map(([answer, times]) => `${answer} ${times}`)
    shell.err(`asked ${count(asked.length, 'peer')}: ${oneLine(counts.join(', '))}\n`)
  }
  if (hint !== undefined) shell.err(`hint: ${oneLine(hint)}\n`)
}

/** The commands of a hint are to be typed as they stand, so they name the home that this one named. */
function withHome(failure: Failure, home: string | undefined): Failure {
  if (failure.hint === undefined || home === undefined) return failure
  return {
    ...failure,
    hint: failure.hint.replace(SHEAF_COMMAND, (_, name: string) => commandText(home, name)),
  }
}

const SHEAF_COMMAND = new RegExp(`\\bsheaf (${COMMANDS.map(({ name }) => name).join('|')})\\b`, 'g')

async function loadCount(): Promise<CommandModule> {
  const { registerCount } = await import('./count.ts')
  return { register: (program, { shell }) => registerCount(program, (text) => void shell.out(text)) }
}
