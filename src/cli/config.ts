/** `sheaf config`: the options of this node, what they are and where that comes from. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note } from './cli.ts'
import { columns, count, oneLine } from './shown.ts'

const ANSWER_WITHIN_MS = 10_000

export function register(program: Command, cli: Cli): void {
  program
    .command('config')
    .summary('show, change and check the options')
    .description(
      'Prints the options of this node (get), puts one into its file without touching the rest of it (set), or says all ' +
        'that is wrong with the file and the variables (validate).',
    )
    .argument('[ACTION]', 'get, set or validate; without one, get')
    .argument('[KEY]', 'an option, as the file calls it')
    .argument('[VALUE]', 'what it is to be')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only values')
    .addHelpText(
      'after',
      examples(
        'sheaf config',
        'sheaf config get quota_mb',
        'sheaf config set quota_mb 4096',
        'sheaf config validate',
      ),
    )
    .action(
      (
        action: string | undefined,
        key: string | undefined,
        value: string | undefined,
        options: CommonOptions,
      ) => config(cli, [action, key, value], options),
    )
}

type Words = readonly [string | undefined, string | undefined, string | undefined]

async function config(cli: Cli, [action = 'get', key, value]: Words, options: CommonOptions): Promise<void> {
  if (action === 'get' && value === undefined) return get(cli, key, options)
  if (action === 'set' && key !== undefined && value !== undefined) return set(cli, key, value, options)
  if (action === 'validate' && key === undefined) return validate(cli, options)
  throw new SheafError('BAD_ARGUMENT', 'config takes get [KEY], set KEY VALUE or validate', {
    hint: 'sheaf config --help',
  })
}

async function get({ shell, paths }: Cli, key: string | undefined, options: CommonOptions): Promise<void> {
  const { optionOf, optionValues } = await import('../node/io/config/edit.ts')
  const wanted = key === undefined ? undefined : optionOf(key)
  const values = optionValues(paths().config, shell.env).filter(({ name }) => (wanted ?? name) === name)
  if (options.json)
    return shell.out(jsonLine({ options: values.map(({ key, value, from }) => ({ key, value, from })) }))
  if (options.quiet || wanted !== undefined) {
    return shell.out(values.map(({ value }) => `${plain(value)}\n`).join(''))
  }
  return shell.out(columns(values.map(({ key, value, from }) => [key, plain(value), from])))
}

async function set(cli: Cli, key: string, value: string, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { optionOf, optionValues, setOption } = await import('../node/io/config/edit.ts')
  const name = optionOf(key)
  const file = cli.paths().config
  setOption(file, name, value)
  const now = optionValues(file, shell.env).find((one) => one.name === name)!
  const effect = await applied(cli, name, value)
  if (options.json)
    await shell.out(jsonLine({ key: now.key, value: now.value, from: now.from, file, effect }))
  else await shell.out(options.quiet ? `${plain(now.value)}\n` : `${now.key} = ${plain(now.value)}\n`)
  if (now.from === 'environment') note(shell, options, 'a variable of the environment goes before the file')
  else note(shell, options, EFFECTS[effect])
}

const EFFECTS = {
  now: 'the running node does so from now on',
  restart: 'the running node does so after a restart: sheaf stop, then sheaf start --daemon',
  start: 'the node does so from its next start on',
} as const

/** Whether a running node has taken it up. */
async function applied(cli: Cli, name: string, value: string): Promise<keyof typeof EFFECTS> {
  const client = cli.client(ANSWER_WITHIN_MS)
  try {
    if (name !== 'logLevel') {
      await client.ask('/v1/status')
      return 'restart'
    }
    await client.ask('/v1/log-level', { method: 'PUT', json: { level: value } })
    return 'now'
  } catch (error) {
    if (asSheafError(error).code !== 'NOT_RUNNING') throw error
    return 'start'
  }
}

async function validate({ shell, paths }: Cli, options: CommonOptions): Promise<void> {
  const { configProblems } = await import('../node/io/config/edit.ts')
  const file = paths().config
  const problems = configProblems(file, shell.env)
  if (options.json) await shell.out(jsonLine({ file, problems: problems.map(problemJson) }))
  else if (problems.length === 0) {
    if (!options.quiet) await shell.out(`${file}: nothing is wrong\n`)
  } else await shell.out(problems.map((problem) => `${problemText(problem)}\n`).join(''))
  if (problems.length > 0) {
    throw new SheafError('BAD_CONFIG', `${count(problems.length, 'problem')} in the configuration`)
  }
}

interface Problem {
  line: number | undefined
  what: string
  hint: string | undefined
}

function problemJson({ line, what, hint }: Problem): object {
  return { line: line ?? null, what, hint: hint ?? null }
}

function problemText({ line, what, hint }: Problem): string {
  const place = line === undefined ? '' : `line ${line}: `
  return `${place}${oneLine(what)}${hint === undefined ? '' : `; ${oneLine(hint)}`}`
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(',')
  return oneLine(String(value))
}
