/**
 * `sheaf import`: a folder of any size becomes pages of your own space.
 *
 *     files ──▶ read one by one ──▶ sent ──▶ stored here, 256 at a time ──▶ held by others
 *                     └──▶ bad ones: told at the end
 *
 * What is stored is not sent twice: the node leaves pages alone that say the same, so a run that was
 * broken off, by whatever, is taken up by running it again.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { ControlClient } from '../node/io/control/client.ts'
import { type Attached, sendAttachments } from './attach.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  millisecondsArgument,
  note,
  progressOf,
} from './cli.ts'
import { type Folder, fileError, type PageFile, readFolder, readPageFile } from './folder.ts'
import { CHUNK_LETTERS, PROBLEMS_SHOWN, pageLine } from './publish.ts'
import { type DoneLine, doneText, notHeld, type PublishLine, WAIT_SECONDS_MAX } from './published.ts'
import { count, oneLine } from './shown.ts'

interface ImportOptions extends CommonOptions {
  readonly prefix?: string
  readonly message: string
  readonly wait?: string
  readonly dryRun?: boolean
  readonly attachments?: boolean
  readonly git?: boolean
  readonly branch?: string
}

/** How far it is; what is acknowledged is on this disk. */
interface Course {
  files: number
  sent: number
  isAllSent: boolean
  imported: number
  unchanged: number
  skipped: { file: string; code: string | null; why: string }[]
  done: DoneLine | undefined
  /** Files that are no markdown. */
  others: number
  attached: Attached | undefined
}

/** Files between two looks at the signal where nothing else waits. */
const FILES_AT_ONCE = 256

export function register(program: Command, cli: Cli): void {
  program
    .command('import')
    .summary('publish a large folder of markdown, page by page')
    .description(
      'Makes pages of your own space from all markdown files in a folder, of any size. Unlike publish it goes on ' +
        'past files that cannot become pages, names them, and ends with 1. Unchanged pages are left alone: run it ' +
        'again after a crash or Ctrl-C, and it does what is missing. Links that lead out of the folder are not followed. ' +
        'With --git the folder is a repository, and each commit becomes a version of each page that it changed, ' +
        'with its time, its words and a label of who wrote it; you sign all of them.',
    )
    .argument('<DIR>', 'garden/bees.md in DIR becomes the page garden/bees')
    .option('--prefix <PATH>', 'what stands before the paths of the pages')
    .option('-m, --message <SUMMARY>', 'what has changed, in a line', '')
    .option('--git', 'a repository: its history, a version for each commit and page')
    .option('--branch <NAME>', 'of a repository: what is imported, else what it has checked out')
    .option('--attachments', 'the other files, too, such as images: each as it is')
    .option('--dry-run', 'read and check every file, and send nothing; needs no daemon')
    .option('--wait <SECONDS>', 'how long to wait for holders while nothing moves')
    .option('--json', 'a summary as one JSON object')
    .option('-q, --quiet', 'print only the ids of new versions')
    .addHelpText(
      'after',
      examples(
        'sheaf import garden --dry-run',
        'sheaf import garden --prefix archive -m "From the old wiki"',
        'sheaf import garden --git --branch main',
      ),
    )
    .action((directory: string, options: ImportOptions) => importAny(cli, directory, options))
}

async function importAny(cli: Cli, directory: string, options: ImportOptions): Promise<void> {
  if (options.git) {
    if (options.message !== '') {
      throw new SheafError('BAD_ARGUMENT', '--message goes with no history: each commit has its own')
    }
    return (await import('./import-git.ts')).importGit(cli, directory, options)
  }
  if (options.branch !== undefined) throw new SheafError('BAD_ARGUMENT', '--branch goes with --git')
  return importFolder(cli, directory, options)
}

async function importFolder(cli: Cli, directory: string, options: ImportOptions): Promise<void> {
  const patienceMs =
    options.wait === undefined ? undefined : millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  const { files, others, skipped, problems } = folderAt(
    resolve(cli.shell.cwd, directory),
    directory,
    options.prefix,
  )
  const course: Course = {
    files: files.length + problems.length,
    sent: 0,
    isAllSent: false,
    imported: 0,
    unchanged: 0,
    skipped: skipped.map(({ file, why }) => ({ file, code: null, why })),
    done: undefined,
    others: others.length,
    attached: undefined,
  }
  for (const { file, error } of problems) skip(course, file, error)
  let failure: unknown
  try {
    if (options.dryRun) await rehearse(cli, files, course)
    else {
      if (options.attachments)
        course.attached = await sendAttachments(cli, others, { ...options, patienceMs, isSilent: true })
      await send(cli, files, course, { ...options, patienceMs })
    }
  } catch (error) {
    failure = error
  }
  await tell(cli, course, options, failure === undefined && !cli.shell.signal.aborted)
  conclude(cli, course, failure)
}

function folderAt(absolute: string, name: string, prefix: string | undefined): Folder {
  try {
    if (!statSync(absolute).isDirectory()) {
      throw new SheafError('BAD_ARGUMENT', `${name} is no folder`, { hint: 'sheaf publish takes a file' })
    }
  } catch (error) {
    throw fileError(error, name)
  }
  return readFolder(absolute, prefix)
}

function skip({ skipped }: Course, file: string, error: SheafError): void {
  skipped.push({ file, code: error.code, why: error.message })
}

async function rehearse({ shell }: Cli, files: readonly PageFile[], course: Course): Promise<void> {
  for (const [i, page] of files.entries()) {
    if (i % FILES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
    if (shell.signal.aborted) return
    try {
      readPageFile(page)
      course.sent += 1
    } catch (error) {
      skip(course, page.file, asSheafError(error))
    }
  }
}

/** One request for all: the node signs the list of pages once. When somebody wants an end, no more lines are sent, and what was sent is waited for. */
async function send(
  cli: Cli,
  files: readonly PageFile[],
  course: Course,
  options: ImportOptions & { patienceMs: number | undefined },
): Promise<void> {
  const { shell } = cli
  const lines = pageLines(files, course, shell.signal)
  const first = await lines.next()
  // A request without a page is none; and where no daemon runs, that is to be said.
  const leaving = new AbortController()
  const client = new ControlClient({ socketPath: cli.paths().socket, signal: leaving.signal })
  if (first.done) return void (await client.ask('/v1/status'))
  const answers = client.stream('/v1/publish', {
    method: 'POST',
    query: { summary: options.message, patienceMs: options.patienceMs },
    lines: from(first.value, lines),
  }) as AsyncGenerator<unknown> as AsyncGenerator<PublishLine>
  const progress = progressOf(shell, options)
  const begunMs = Date.now()
  // Who wants an end waits for what was sent, and not for its holders.
  const leave = () => {
    if (course.isAllSent && course.imported + course.unchanged === course.sent) leaving.abort()
  }
  shell.signal.addEventListener('abort', leave, { once: true })
  try {
    for await (const line of answers) {
      if (line.type === 'done') course.done = line
      else if (line.type === 'held') {
        progress.show(
          `held by ${line.held} of ${line.target}, ${line.batchesHeld} of ${line.batches} batches`,
        )
      } else if (line.type === 'stored') {
        course[line.status === 'stored' ? 'imported' : 'unchanged'] += 1
        const so = course.imported + course.unchanged
        const perSecond = Math.round((1000 * so) / Math.max(1, Date.now() - begunMs))
        progress.show(`${so} of ${files.length} pages, ${perSecond} a second, ${course.unchanged} unchanged`)
        if (options.quiet && line.status === 'stored') await shell.out(`${line.id}\n`)
      }
      if (shell.signal.aborted) leave()
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error
  } finally {
    shell.signal.removeEventListener('abort', leave)
    progress.clear()
  }
}

/** A file that cannot become a page is skipped, and named at the end. */
async function* pageLines(
  files: readonly PageFile[],
  course: Course,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let chunk = ''
  for (const [i, page] of files.entries()) {
    if (signal.aborted) break
    if (i % FILES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
    try {
      chunk += pageLine(page)
      course.sent += 1
    } catch (error) {
      skip(course, page.file, asSheafError(error))
    }
    if (chunk.length < CHUNK_LETTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
  course.isAllSent = true
}

async function* from(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

async function tell({ shell }: Cli, course: Course, options: ImportOptions, isWhole: boolean): Promise<void> {
  const { files, sent, imported, unchanged, skipped, done, others, attached } = course
  const isDryRun = options.dryRun === true
  if (options.json) {
    const { held = null, target = null, peers = null, isHeld = false } = done ?? {}
    const holders = { held, target, peers, isHeld }
    const pages = isDryRun ? { files, importable: sent } : { files, imported, unchanged, ...holders }
    const attachments = {
      others,
      attached: attached?.stored ?? 0,
      attachedUnchanged: attached?.unchanged ?? 0,
    }
    return shell.out(jsonLine({ type: 'done', isDryRun, isWhole, ...pages, ...attachments, skipped }))
  }
  for (const { file, why } of skipped.slice(0, PROBLEMS_SHOWN)) {
    note(shell, options, oneLine(`skipped ${file}: ${why}`))
  }
  if (skipped.length > PROBLEMS_SHOWN) {
    note(shell, options, `and ${skipped.length - PROBLEMS_SHOWN} others; --json names all`)
  }
  if (others > 0 && !options.attachments) {
    note(shell, options, `left out ${count(others, 'other file')}: --attachments imports them, too`)
  }
  if (options.quiet) return
  if (attached !== undefined) {
    await shell.out(`${count(attached.stored, 'file')} stored, ${attached.unchanged} unchanged\n`)
  }
  if (isDryRun) return shell.out(`${count(sent, 'page')} would be imported, ${skipped.length} skipped\n`)
  if (done !== undefined) return shell.out(doneText(done))
  if (sent > 0) await shell.out(`${count(imported, 'page')} stored, ${unchanged} unchanged\n`)
}

/** Throws the worst of what went wrong. */
function conclude(
  { shell }: Cli,
  { files, imported, unchanged, skipped, done, attached }: Course,
  failure: unknown,
): void {
  const again = 'run the same command again: it does what is missing'
  if (shell.signal.aborted) {
    throw new SheafError('CANCELLED', `${imported + unchanged} of ${files} pages are stored`, { hint: again })
  }
  if (failure !== undefined) {
    const { code, message, hint = again } = asSheafError(failure)
    throw new SheafError(code, `${message}; ${imported + unchanged} of ${files} pages are stored`, { hint })
  }
  const bad = skipped.filter(({ code }) => code !== null)
  if (bad.length > 0) {
    throw new SheafError('INCOMPLETE', `${bad.length} of ${count(files, 'file')} cannot become pages`, {
      hint: 'mend or move what is named, and run the same command again',
    })
  }
  if (files === 0 && attached === undefined) {
    throw new SheafError('BAD_ARGUMENT', 'there is no markdown file in this folder', {
      hint: 'the names of markdown files end with .md',
    })
  }
  const waiting = [attached, done].find((one) => one?.isHeld === false)
  if (waiting !== undefined) throw notHeld(waiting)
}
