/**
 * `sheaf publish`: files become pages of your own space.
 *
 *     files ──▶ all checked ──▶ sent ──▶ stored here ──▶ held by others
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import type { TextChange } from '../content/text.ts'
import { lineOf } from '../node/io/control/lines.ts'
import { attachmentLines, sendAttachments } from './attach.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  millisecondsArgument,
  note,
  progressOf,
} from './cli.ts'
import {
  type Folder,
  fileError,
  isMarkdown,
  type PageFile,
  pageOfAttachment,
  pageOfFile,
  readFolder,
  readPageFile,
} from './folder.ts'
import { type DoneLine, doneText, notHeld, type PublishLine, WAIT_SECONDS_MAX } from './published.ts'
import { publishRemembered } from './remembered.ts'
import { count, oneLine, sizeText } from './shown.ts'

export interface PublishOptions extends CommonOptions {
  readonly as?: string
  readonly message?: string
  readonly wait?: string
  readonly asFile?: boolean
  readonly attachments?: boolean
  readonly mediaType?: string
  readonly merge?: boolean
  readonly fork?: boolean
}

/** Files that are checked between two looks at the signal. */
const FILES_AT_ONCE = 256
/** Lines are sent together, so that small pages do not cost a write each. */
export const CHUNK_LETTERS = 64 * 1024
/** Problems that are named one by one. */
export const PROBLEMS_SHOWN = 20

export function register(program: Command, cli: Cli): void {
  program
    .command('publish')
    .summary('publish a page, a file or a folder')
    .description(
      'Makes pages of your own space from a markdown file, or from all those in a folder. Any other file becomes an ' +
        'attachment: a page that holds its bytes as they are, up to 1 GiB. Nothing is sent before ' +
        'every file has been checked. Ends with 0 when all pages are stored here and held by 5 peers (by all, where ' +
        'there are fewer); else with 75, and the daemon goes on looking for holders. Pages that are unchanged stay as ' +
        'they are, so it may be run again. A file that `sheaf get --out` wrote goes back to its page: where that has changed ' +
        'meanwhile, it shows how and offers a merge. For a large folder, and one with files that may be bad: sheaf import.',
    )
    .argument('<FILE|DIR>', 'garden/bees.md in DIR becomes the page garden/bees')
    .option('--as <PATH>', 'the path of the page; of a folder: what stands before the paths of its pages')
    .option('-m, --message <SUMMARY>', 'what has changed, in a line', '')
    .option('--wait <SECONDS>', 'how long to wait for holders while nothing moves')
    .option('--merge', 'of a file that was got with --out: merge without asking, where its page has changed')
    .option('--fork', 'of such a file: publish beside what is newer')
    .option('--as-file', 'publish markdown as a file, byte for byte, and not as a page of text')
    .option('--attachments', 'of a folder: its other files, too, such as images')
    .option('--media-type <TYPE>', 'what a file is, as image/png; else the end of its name says it')
    .option('--json', 'what happens as NDJSON, a line for each page')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText(
      'after',
      examples(
        'sheaf publish garden --attachments',
        'sheaf publish bees.md --as garden/bees -m "Bees, too"',
        'sheaf publish bee.png --as garden/bee.png',
      ),
    )
    .action((what: string, options: PublishOptions) => publish(cli, what, options))
}

async function publish(cli: Cli, what: string, options: PublishOptions): Promise<void> {
  const patienceMs =
    options.wait === undefined ? undefined : millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  const absolute = resolve(cli.shell.cwd, what)
  if (await publishRemembered(cli, { file: what, absolute }, options)) return
  if (isAttachment(what, absolute, options)) {
    const file = pageOfAttachment(what, absolute, options.as)
    const lines = attachmentLines(cli, file, { ...options, patienceMs, index: true })
    const done = await follow(
      cli,
      lines as AsyncGenerator<unknown> as AsyncGenerator<PublishLine>,
      1,
      options,
    )
    if (!done.isHeld) throw notHeld(done)
    return
  }
  const folder = filesOf(what, absolute, options.as)
  await checkAll(cli, folder, options)
  const { files, others } = folder
  if (others.length > 0 && !options.attachments) {
    note(
      cli.shell,
      options,
      `left out ${count(others.length, 'other file')}: --attachments publishes them, too`,
    )
  }
  const attached = options.attachments
    ? await sendAttachments(cli, others, { ...options, patienceMs })
    : undefined
  if (files.length === 0 && attached !== undefined) {
    if (!attached.isHeld) throw notHeld(attached)
    return
  }
  const done = await sendFiles(cli, files, { ...options, patienceMs })
  if (!done.isHeld || attached?.isHeld === false) throw notHeld(done)
}

/** Whether what a person named is to be published as it is: no folder, and no markdown. */
function isAttachment(what: string, absolute: string, { asFile, mediaType }: PublishOptions): boolean {
  try {
    if (statSync(absolute).isDirectory()) {
      if (!asFile && mediaType === undefined) return false
      throw new SheafError('BAD_ARGUMENT', `${what} is a folder: --as-file and --media-type are for one file`)
    }
  } catch (error) {
    throw fileError(error, what)
  }
  if (asFile) return true
  if (!isMarkdown(what)) return true
  if (mediaType === undefined) return false
  throw new SheafError('BAD_ARGUMENT', '--media-type is for files: a page of text has none', {
    hint: '--as-file publishes markdown as a file',
  })
}

/** The pages that a file or folder makes, each read and checked once; one that cannot be published fails all. */
export async function checkedFiles(cli: Cli, what: string, options: PublishOptions): Promise<PageFile[]> {
  const folder = filesOf(what, resolve(cli.shell.cwd, what), options.as)
  await checkAll(cli, folder, options)
  return folder.files
}

/** Sends pages to the daemon and tells what becomes of them, until they are held or nothing moves. */
export async function sendFiles(
  cli: Cli,
  files: readonly PageFile[],
  options: PublishOptions & { patienceMs?: number | undefined; isSilent?: boolean },
): Promise<DoneLine> {
  const lines = cli.client().stream('/v1/publish', {
    method: 'POST',
    query: { summary: options.message, patienceMs: options.patienceMs },
    lines: pageLines(files),
  }) as AsyncGenerator<unknown> as AsyncGenerator<PublishLine>
  return follow(cli, lines, files.length, options)
}

function filesOf(what: string, absolute: string, as: string | undefined): Folder {
  let isDirectory: boolean
  try {
    isDirectory = statSync(absolute).isDirectory()
  } catch (error) {
    throw fileError(error, what)
  }
  if (!isDirectory) {
    return { files: [pageOfFile(what, absolute, as)], others: [], skipped: [], problems: [] }
  }
  return readFolder(absolute, as)
}

/** Reads every file once, so that none is published when one cannot be. Their texts are not kept: a folder may be larger than memory. */
async function checkAll({ shell }: Cli, folder: Folder, options: PublishOptions): Promise<void> {
  const { files, skipped, problems } = folder
  for (const { file, why } of skipped) tell({ type: 'skipped', file, why }, `skipped ${file}: ${why}`)
  for (const [i, page] of files.entries()) {
    if (i % FILES_AT_ONCE === 0) await pause(shell.signal)
    try {
      const { changes } = readPageFile(page)
      if (changes.length > 0) {
        tell(
          { type: 'normalised', file: page.file, changes },
          `normalised ${page.file}: ${changes.map((change) => CHANGES[change]).join(', ')}`,
        )
      }
    } catch (error) {
      problems.push({ file: page.file, error: asSheafError(error) })
    }
  }
  const [first] = problems
  if (first !== undefined) throw refused(problems, files.length)
  if (files.length === 0 && !(options.attachments && folder.others.length > 0)) {
    throw new SheafError('BAD_ARGUMENT', 'there is no markdown file in this folder', {
      hint: 'the names of markdown files end with .md',
    })
  }

  function tell(line: object, text: string): void {
    if (options.json) shell.err(jsonLine(line))
    else note(shell, options, oneLine(text))
  }
  function refused(all: Folder['problems'], others: number): SheafError {
    for (const { file, error } of all.slice(0, PROBLEMS_SHOWN)) {
      tell({ type: 'problem', file, code: error.code, message: error.message }, `${file}: ${error.message}`)
    }
    const { error, file } = all[0]!
    const more = all.length === 1 ? '' : ` and ${count(all.length - 1, 'other')}`
    return new SheafError(
      error.code,
      `${file}${more} cannot be published: ${error.message}; nothing was sent`,
      {
        hint: others === 0 ? 'mend it, then publish again' : 'mend or move what is named, then publish again',
      },
    )
  }
}

const CHANGES: Readonly<Record<TextChange, string>> = {
  bom: 'removed the byte-order mark',
  crlf: 'ended its lines with LF',
}

/** Read and checked again as they are sent: a file may have changed meanwhile. */
async function* pageLines(files: readonly PageFile[]): AsyncGenerator<string> {
  let chunk = ''
  for (const page of files) {
    chunk += pageLine(page)
    if (chunk.length < CHUNK_LETTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** A file as the daemon takes it. Throws what reading it throws. */
export function pageLine(page: PageFile): string {
  return lineOf({ path: page.path, text: UTF8.decode(readPageFile(page).bytes) })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

async function follow(
  { shell }: Cli,
  lines: AsyncGenerator<PublishLine>,
  files: number,
  options: PublishOptions & { isSilent?: boolean },
): Promise<DoneLine> {
  const progress = progressOf(shell, options)
  let stored = 0
  try {
    for await (const line of lines) {
      const isTold = options.isSilent !== true
      if (options.json && isTold) await shell.out(jsonLine(line))
      if (line.type === 'done') {
        progress.clear()
        if (!options.json && !options.quiet && isTold) await shell.out(doneText(line))
        return line
      }
      if (line.type === 'held') {
        progress.show(
          `held by ${line.held} of ${line.target}, ${line.batchesHeld} of ${line.batches} batches`,
        )
        continue
      }
      if (line.type === 'stowed') {
        progress.show(`${sizeText(line.bytes)} stored`)
        continue
      }
      stored += 1
      progress.show(`stored ${stored} of ${files}`)
      if (!isTold) continue
      if (options.quiet) await shell.out(`${line.id}\n`)
      else if (files === 1 && !options.json) await shell.out(`${line.page}\nversion ${line.id}\n`)
    }
  } finally {
    progress.clear()
  }
  throw new SheafError('INTERNAL', 'the daemon did not say how it ended')
}

async function pause(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal.aborted) throw new SheafError('CANCELLED', 'nothing was sent')
}
