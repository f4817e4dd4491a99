/** `sheaf search`: pages by their words, here and in other shards. */
import type { Command } from 'commander'
import type { FoundJson, SearchDoneJson } from '../node/io/control/search-shapes.ts'
import { type Called, calledBy } from './called.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  note,
  progressOf,
  SPACE_HELP,
  timesOf,
} from './cli.ts'
import type { Shell } from './shell.ts'
import { count, harmless, oneLine } from './shown.ts'

interface SearchOptions extends CommonOptions {
  readonly space?: string
  readonly limit?: string
  readonly local?: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('search')
    .summary('pages by their words')
    .description(
      'Looks for pages with these words: first among those that are here, then with peers of at most 8 shards. Whoever ' +
        'answers, what is shown was verified here, and ranked here. Says who signed each page and who sent it.',
    )
    .argument('<WORDS...>', 'in any script; code words such as --flag or file.name come after --')
    .option('--space <SPACE>', `only pages of ${SPACE_HELP}`)
    .option('--limit <N>', 'how many to look for, here and elsewhere, at most 50; else 10')
    .option('--local', 'ask nobody')
    .option('--timeout <SECONDS>', 'how long to look')
    .option('--json', 'a JSON object a line: results, then what was covered')
    .option('-q, --quiet', 'print only the pages')
    .addHelpText('after', examples('sheaf search bees in winter', 'sheaf search --local -- --no-pager'))
    .action((words: string[], options: SearchOptions) => search(cli, words.join(' '), options))
}

async function search(cli: Cli, words: string, options: SearchOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const { space, limit, local } = options
  const query = { words, space, limit, ...(local && { local: 'true' }), timeoutMs }
  const progress = progressOf(shell, options)
  const called = options.json || options.quiet ? undefined : await calledBy(cli)
  let done: SearchDoneJson | undefined
  progress.show('looking …')
  for await (const line of cli.client(deadlineMs).stream('/v1/search', { query })) {
    const said = line as FoundJson | SearchDoneJson
    progress.clear()
    if (options.json) await shell.out(jsonLine(said))
    if (said.type === 'done') done = said
    else if (options.quiet) await shell.out(`${said.page}\n`)
    else if (called !== undefined) await shell.out(resultText(said, called, shell))
    if (said.type !== 'done') progress.show('asking others …')
  }
  progress.clear()
  if (done !== undefined) note(shell, options, coverageText(done, local === true))
}

function resultText(
  { page, author, title, snippet, answeredBy }: FoundJson,
  called: Called,
  shell: Shell,
): string {
  const from =
    answeredBy.length === 0 ? 'here' : `from ${answeredBy.map((one) => one.slice(0, 8)).join(', ')}`
  return [
    `${oneLine(title)}`,
    `  ${oneLine(page)}`,
    `  signed by @${author}${called(author)}, ${from}`,
    `  ${marked(snippet, isColoured(shell))}`,
    '',
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** The words that were asked for in bold, where somebody looks. */
function marked({ text, marks }: FoundJson['snippet'], isBold: boolean): string {
  let out = ''
  let at = 0
  for (const { from, to } of marks) {
    const word = oneLine(text.slice(from, to))
    out += oneLine(text.slice(at, from)) + (isBold ? `\u001b[1m${word}\u001b[22m` : word)
    at = to
  }
  return out + oneLine(text.slice(at))
}

function isColoured({ isOutTerminal, env }: Shell): boolean {
  return isOutTerminal && (env.NO_COLOR ?? '') === ''
}

function coverageText({ found, isWhole, shards, share, asked }: SearchDoneJson, isLocal: boolean): string {
  const pages = count(found, 'page')
  const rest = isWhole ? '' : '; not all that is here was looked at in time'
  if (isLocal) return harmless(`${pages}, of those that are here${rest}`)
  if (asked.length === 0)
    return harmless(`${pages}, of those that are here: nobody is there to be asked${rest}`)
  const answered = asked.filter(({ answer }) => answer === 'answered').length
  const percent = share * 100
  const shown = percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toPrecision(2)
  return harmless(
    `${pages}; ${answered} of ${count(asked.length, 'peer')} answered, for ${shards.answered} of ${count(shards.all, 'shard')}: ${shown} % covered${rest}`,
  )
}
