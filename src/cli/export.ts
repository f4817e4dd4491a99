/** `sheaf export`: a space as plain files. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { idFromText } from '../base/text-id.ts'
import type { ControlClient } from '../node/io/control/client.ts'
import type { ExportDoneJson, ExportedJson } from '../node/io/control/shapes.ts'
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
import { count, oneLine } from './shown.ts'
import { type Outcome, Written } from './written.ts'

interface ExportOptions extends CommonOptions {
  readonly force?: boolean
  readonly history?: boolean
}

type ExportLine = ExportedJson | ExportDoneJson

interface Tally extends Record<Outcome, number> {
  /** Pages that could not be written. */
  refused: SheafError[]
  /** Paths of files whose bytes nobody delivered. */
  undelivered: string[]
}

const DEFAULT_SECONDS = '600'
const SECONDS_MAX = 24 * 3600
/** Pages that are named one by one where they are missing. */
const NAMED_MAX = 20
/** For each part of a file, as a look-up has it. */
const FILE_WINDOW_MS = 60_000
/** A file of which a part is not to be had. */
const NOT_DELIVERED: ReadonlySet<string> = new Set(['UNREACHABLE', 'NO_PEERS', 'NOT_FOUND', 'TIMEOUT'])

export function register(program: Command, cli: Cli): void {
  program
    .command('export')
    .summary('write a space to plain files')
    .description(
      'Fetches every page of a space, attachments too, and writes it to a folder, byte for byte. A file that is there and says ' +
        'something else is left alone, unless --force.',
    )
    .argument('<SPACE>', SPACE_HELP)
    .argument('<DIR>', 'made where there is none')
    .option('--history', 'all versions, as a bare git repository: a commit for each')
    .option('--force', 'overwrite files that differ')
    .option('--timeout <SECONDS>', 'how long it may take in all', DEFAULT_SECONDS)
    .option('--json', 'what happens as NDJSON, a line for each page')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText('after', examples('sheaf export @me garden-copy', 'sheaf export @me garden.git --history'))
    .action(async (space: string, folder: string, options: ExportOptions) => {
      if (!options.history) return exportSpace(cli, space, folder, options)
      return (await import('./export-history.ts')).exportHistory(cli, space, folder, options)
    })
}

async function exportSpace(cli: Cli, space: string, folder: string, options: ExportOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options, SECONDS_MAX)
  const lines = cli.client(deadlineMs).stream('/v1/export', { query: { space, timeoutMs } })
  const progress = progressOf(shell, options)
  const tally: Tally = { written: 0, unchanged: 0, differs: 0, refused: [], undelivered: [] }
  let written: Written | undefined
  let done: ExportDoneJson | undefined
  try {
    for await (const line of lines as AsyncGenerator<unknown> as AsyncGenerator<ExportLine>) {
      if (line.type === 'done') {
        done = line
        break
      }
      // Not before the first page: a space that is not found leaves no folder behind.
      written ??= new Written(resolve(shell.cwd, folder), { force: options.force === true })
      await add(cli, written, line, tally, {
        ...options,
        timeoutMs: Math.min(timeoutMs ?? FILE_WINDOW_MS, FILE_WINDOW_MS),
      })
      progress.show(`${tally.written + tally.unchanged + tally.differs} pages`)
    }
  } finally {
    progress.clear()
  }
  if (done === undefined) throw new SheafError('INTERNAL', 'the daemon did not say how it ended')
  await conclude(cli, done, tally, options)
}

async function add(
  { shell, client }: Cli,
  written: Written,
  { path, id, text, file }: ExportedJson,
  tally: Tally,
  options: ExportOptions & { timeoutMs: number },
): Promise<void> {
  try {
    const outcome =
      file === null ? written.add(path, text) : await addFile(client(), written, { path, id, file }, options)
    tally[outcome] += 1
    if (options.json) await shell.out(jsonLine({ type: outcome, path, id }))
    else if (options.quiet) await shell.out(`${id}\n`)
    if (outcome === 'differs') note(shell, options, oneLine(`left alone: ${path}`))
  } catch (error) {
    const failed = asSheafError(error)
    if (file !== null && NOT_DELIVERED.has(failed.code)) {
      tally.undelivered.push(path)
      return
    }
    if (failed.code !== 'BAD_PATH' && failed.code !== 'REFUSED') throw failed
    tally.refused.push(failed)
    if (options.json) await shell.out(jsonLine({ type: 'refused', path, id, code: failed.code }))
    note(shell, options, oneLine(`refused: ${failed.message}`))
  }
}

/** One that is there whole, by its hash, is not fetched again. */
async function addFile(
  client: ControlClient,
  written: Written,
  { path, id, file }: { path: string; id: string; file: NonNullable<ExportedJson['file']> },
  { timeoutMs }: { timeoutMs: number },
): Promise<Outcome> {
  const chunks = async () => (await client.download('/v1/file', { query: { id, timeoutMs } })).body
  return written.addFile(path, { hash: idFromText(file.hash), bytes: file.bytes }, chunks)
}

/** Says what became of the pages; throws the worst of what went wrong. */
async function conclude(
  { shell }: Cli,
  { pages, found: told, missing: absent }: ExportDoneJson,
  { written, unchanged, differs, refused, undelivered }: Tally,
  options: ExportOptions,
): Promise<void> {
  const found = told - undelivered.length
  const missing = [...absent, ...undelivered.map((path) => ({ path }))]
  if (options.json) {
    await shell.out(
      jsonLine({ type: 'done', pages, found, written, unchanged, differs, refused: refused.length, missing }),
    )
  } else if (!options.quiet) {
    await shell.out(`${count(written, 'page')} written, ${unchanged} unchanged\n`)
  }
  for (const { path } of missing.slice(0, NAMED_MAX)) note(shell, options, oneLine(`missing: ${path}`))
  const badPath = refused.find(({ code }) => code === 'BAD_PATH')
  if (badPath !== undefined) {
    // Nobody who keeps to the rules signs such a page: it is the space that is bad, not an argument.
    throw new SheafError('BAD_FORMAT', `${count(refused.length, 'page')} not written: ${badPath.message}`)
  }
  const [inTheWay] = refused
  if (inTheWay !== undefined) {
    throw new SheafError('REFUSED', `${count(refused.length, 'page')} not written: ${inTheWay.message}`, {
      hint: 'export into an empty folder',
    })
  }
  if (differs > 0) {
    const files = differs === 1 ? '1 file that differs was' : `${differs} files that differ were`
    throw new SheafError('ALREADY_EXISTS', `${files} left alone`, {
      hint: 'add --force to overwrite them, or export into an empty folder',
    })
  }
  if (missing.length > 0) {
    throw new SheafError(
      'UNREACHABLE',
      `${missing.length} of ${pages} pages were delivered by nobody in time`,
      {
        hint: 'run the same command again: what is there is not fetched twice',
      },
    )
  }
}
