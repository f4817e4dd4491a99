/**
 * `sheaf import --git`: the history of a repository becomes versions of pages of your own space.
 *
 *     git fast-export ──▶ commits ──▶ versions ──▶ sent ──▶ stored here, in their order ──▶ held by others
 *     git cat-file ──────▶ contents ──┘
 *
 * Versions are sent from the first commit on each time; the node knows by page, time and nonce those
 * that it has. So a run that was broken off is taken up by running it again, and so are new commits.
 */
import { resolve } from 'node:path'
import { asSheafError, SheafError } from '../base/errors.ts'
import { CLOCK_AHEAD_MAX_MS } from '../base/limits.ts'
import { mediaTypeOf } from '../content/media-type.ts'
import { checkPath, pathOfAttachment, pathOfFile } from '../content/path.ts'
import { normaliseMarkdown, PAGE_BYTES_MAX } from '../content/text.ts'
import { ControlClient } from '../node/io/control/client.ts'
import { lineOf } from '../node/io/control/lines.ts'
import type { HeldJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, jsonLine, millisecondsArgument, note, progressOf } from './cli.ts'
import { isMarkdown } from './folder.ts'
import { Blobs } from './git/blobs.ts'
import { gitText, startGit } from './git/process.ts'
import { type Made, replay } from './git/replay.ts'
import { readCommits } from './git/stream.ts'
import { nonceOf, summaryOf, timeMsOf } from './git/words.ts'
import { CHUNK_LETTERS, PROBLEMS_SHOWN } from './publish.ts'
import { type DoneLine, notHeld, WAIT_SECONDS_MAX } from './published.ts'
import { count, oneLine } from './shown.ts'

export interface GitOptions extends CommonOptions {
  readonly prefix?: string
  readonly branch?: string
  readonly wait?: string
  readonly dryRun?: boolean
  readonly attachments?: boolean
}

type ReplayLine = { type: 'stored'; id: string; status: 'stored' | 'unchanged' } | HeldJson | DoneLine

/** A file goes in one line, as base64; above this it is passed over. */
const ATTACHED_BYTES_MAX = 16 * 1024 * 1024
/** Names and states of so many commits are kept at a time. */
const COMMITS_MAX = 1_000_000
/** Files that are named one by one where they are passed over; the rest is counted. */
const SKIPPED_MAX = 10_000

/** How far it is. */
interface Course {
  commits: number
  sent: number
  isAllSent: boolean
  stored: number
  unchanged: number
  skipped: { file: string; code: string; why: string }[]
  /** Versions whose commits are from the future of this clock. */
  ahead: number
  done: DoneLine | undefined
}

type Content = { text: string } | { mediaType: string; base64: string }

/** Imports what a branch leads to. Errors: NOT_FOUND, BAD_ARGUMENT for what git says, INCOMPLETE where files were passed over. */
export async function importGit(cli: Cli, directory: string, options: GitOptions): Promise<void> {
  const { shell } = cli
  const patienceMs =
    options.wait === undefined ? undefined : millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  if (options.prefix !== undefined) checkPath(options.prefix)
  const folder = resolve(shell.cwd, directory)
  const course: Course = {
    commits: 0,
    sent: 0,
    isAllSent: false,
    stored: 0,
    unchanged: 0,
    skipped: [],
    ahead: 0,
    done: undefined,
  }
  let failure: unknown
  const lines = versionLines(cli, folder, course, options)
  try {
    if (options.dryRun) for await (const _ of lines);
    else await send(cli, lines, course, { ...options, patienceMs })
  } catch (error) {
    failure = error
  } finally {
    // Where nobody took all of them git would wait, and this process for git.
    await lines.return(undefined)
  }
  await tell(cli, course, options, failure === undefined && !shell.signal.aborted)
  conclude(cli, course, failure)
}

/** A line for each version, several in a chunk. Ends early where somebody wants an end. */
async function* versionLines(
  cli: Cli,
  folder: string,
  course: Course,
  options: GitOptions,
): AsyncGenerator<string> {
  const leaving = new AbortController()
  const { signal } = leaving
  const progress = progressOf(cli.shell, options)
  const head = await headOf(folder, options.branch, signal)
  const blobs = new Blobs(folder, signal)
  try {
    const childrenOf = await childrenIn(folder, head, course, signal)
    const { child, ended } = startGit(folder, [...EXPORT, head], signal)
    child.stdin.end()
    const pages = new Pages(course, options)
    const versions = replay(readCommits(child.stdout), {
      childrenOf,
      pageOf: (file) => pages.pageOf(file),
      contentOf: (blob, file) => contentOf(blobs, blob, file, course),
    })
    let chunk = ''
    for await (const made of versions) {
      if (cli.shell.signal.aborted) break
      chunk += lineOf(versionLine(made))
      course.sent += 1
      if (timeMsOf(made.commit) > Date.now() + CLOCK_AHEAD_MAX_MS) course.ahead += 1
      if (options.dryRun) progress.show(`${count(course.sent, 'version')}`)
      if (chunk.length < CHUNK_LETTERS) continue
      yield chunk
      chunk = ''
    }
    if (chunk !== '') yield chunk
    course.isAllSent = true
    if (!cli.shell.signal.aborted) await ended
  } finally {
    progress.clear()
    blobs.close()
    leaving.abort()
  }
}

const EXPORT = [
  'fast-export',
  '--no-data',
  '--show-original-ids',
  '--reencode=yes',
  '--signed-tags=strip',
  '-M',
]

async function headOf(folder: string, branch: string | undefined, signal: AbortSignal): Promise<string> {
  const name = `${branch ?? 'HEAD'}^{commit}`
  const oid = (
    await gitText(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', name], signal).catch(
      async (cause) => {
        // Whether there is a repository at all is worth another word than what the branch is called.
        await gitText(folder, ['rev-parse', '--git-dir'], signal)
        throw new SheafError('NOT_FOUND', `there is no branch ${branch ?? 'HEAD'} with a commit`, { cause })
      },
    )
  ).trim()
  const [last = ''] = oid.split('\n').slice(-1)
  if (/^[0-9a-f]{40,64}$/.test(last)) return last
  throw new SheafError('NOT_FOUND', `there is no branch ${branch ?? 'HEAD'} with a commit`)
}

/** How many commits follow each, by name. */
async function childrenIn(
  folder: string,
  head: string,
  course: Course,
  signal: AbortSignal,
): Promise<(oid: string) => number> {
  const children = new Map<string, number>()
  const { child, ended } = startGit(folder, ['rev-list', '--parents', head], signal)
  child.stdin.end()
  let rest = ''
  for await (const chunk of child.stdout) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      course.commits += 1
      if (course.commits > COMMITS_MAX) throw new SheafError('TOO_LARGE', `more than ${COMMITS_MAX} commits`)
      for (const parent of line.split(' ').slice(1)) children.set(parent, (children.get(parent) ?? 0) + 1)
    }
  }
  await ended
  return (oid) => children.get(oid) ?? 0
}

/** Which files are pages, and of which path. */
class Pages {
  readonly #course: Course
  readonly #options: GitOptions
  readonly #paths = new Map<string, string | undefined>()
  /** The file of each page: the first that there was. */
  readonly #files = new Map<string, string>()

  constructor(course: Course, options: GitOptions) {
    this.#course = course
    this.#options = options
  }

  pageOf(file: string): string | undefined {
    if (this.#paths.has(file)) return this.#paths.get(file)
    const path = this.#pathOf(file)
    this.#paths.set(file, path)
    return path
  }

  #pathOf(file: string): string | undefined {
    const names = file.split('/')
    const isPage = isMarkdown(file)
    if (names.slice(0, -1).some((name) => name.startsWith('.'))) return undefined
    if (!isPage && (this.#options.attachments !== true || names.at(-1)!.startsWith('.'))) return undefined
    try {
      const inside = isPage ? pathOfFile(file) : pathOfAttachment(file)
      const { prefix } = this.#options
      const path = prefix === undefined ? inside : `${prefix}/${inside}`
      checkPath(path)
      const other = this.#files.get(path) ?? file
      if (other !== file) throw new SheafError('AMBIGUOUS', `${other} is the page ${path} already`)
      this.#files.set(path, file)
      return path
    } catch (error) {
      skip(this.#course, file, error)
      return undefined
    }
  }
}

async function contentOf(
  blobs: Blobs,
  blob: string,
  file: string,
  course: Course,
): Promise<Content | undefined> {
  try {
    if (!isMarkdown(file)) {
      const bytes = await blobs.read(blob, ATTACHED_BYTES_MAX)
      return { mediaType: mediaTypeOf(file), base64: Buffer.from(bytes).toString('base64') }
    }
    const { bytes } = normaliseMarkdown(await blobs.read(blob, 2 * PAGE_BYTES_MAX))
    return { text: Buffer.from(bytes).toString('utf8') }
  } catch (error) {
    const { code } = asSheafError(error)
    if (code !== 'TOO_LARGE' && code !== 'BAD_TEXT' && code !== 'BAD_FORMAT') throw error
    skip(course, file, error)
    return undefined
  }
}

function skip({ skipped }: Course, file: string, error: unknown): void {
  const { code, message } = asSheafError(error)
  if (skipped.length < SKIPPED_MAX) skipped.push({ file, code, why: message })
}

function versionLine({ commit, path, content, parents }: Made<Content>): object {
  return {
    path,
    parents,
    summary: summaryOf(commit),
    timeMs: timeMsOf(commit),
    nonce: nonceOf(commit.oid, path),
    ...(content ?? { delete: true }),
  }
}

async function send(
  cli: Cli,
  lines: AsyncGenerator<string>,
  course: Course,
  options: GitOptions & { patienceMs: number | undefined },
): Promise<void> {
  const { shell } = cli
  const first = await lines.next()
  const leaving = new AbortController()
  const client = new ControlClient({ socketPath: cli.paths().socket, signal: leaving.signal })
  if (first.done) return void (await client.ask('/v1/status'))
  const answers = client.stream('/v1/replay', {
    method: 'POST',
    query: { patienceMs: options.patienceMs },
    lines: from(first.value, lines),
  }) as AsyncGenerator<unknown> as AsyncGenerator<ReplayLine>
  const progress = progressOf(shell, options)
  // Who wants an end waits for what was sent, and not for its holders.
  const leave = () => {
    if (course.isAllSent && course.stored + course.unchanged === course.sent) leaving.abort()
  }
  shell.signal.addEventListener('abort', leave, { once: true })
  try {
    for await (const line of answers) {
      if (line.type === 'done') course.done = line
      else if (line.type === 'held') progress.show(`held by ${line.held} of ${line.target}`)
      else {
        course[line.status] += 1
        progress.show(`${course.stored + course.unchanged} versions, ${course.unchanged} of them here before`)
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

async function* from(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

async function tell({ shell }: Cli, course: Course, options: GitOptions, isWhole: boolean): Promise<void> {
  const { commits, sent, stored, unchanged, skipped, ahead, done } = course
  if (options.json) {
    const { held = null, target = null, peers = null, isHeld = false } = done ?? {}
    const isDryRun = options.dryRun === true
    const versions = isDryRun ? { versions: sent } : { stored, unchanged, held, target, peers, isHeld }
    return shell.out(jsonLine({ type: 'done', isDryRun, isWhole, commits, ...versions, ahead, skipped }))
  }
  for (const { file, why } of skipped.slice(0, PROBLEMS_SHOWN)) {
    note(shell, options, oneLine(`skipped ${file}: ${why}`))
  }
  if (skipped.length > PROBLEMS_SHOWN) {
    note(shell, options, `and ${skipped.length - PROBLEMS_SHOWN} others; --json names them`)
  }
  if (ahead > 0) {
    note(
      shell,
      options,
      `${count(ahead, 'version')} from the future of this clock: stored with the time of now`,
    )
  }
  if (options.quiet) return
  const what = `of ${count(commits, 'commit')}`
  if (options.dryRun) return shell.out(`${count(sent, 'version')} ${what} would be imported\n`)
  if (sent > 0) await shell.out(`${count(stored, 'version')} ${what} stored, ${unchanged} unchanged\n`)
}

function conclude(
  { shell }: Cli,
  { sent, stored, unchanged, skipped, done }: Course,
  failure: unknown,
): void {
  const again = 'run the same command again: it does what is missing'
  const soFar = `${count(stored + unchanged, 'version')} stored`
  if (shell.signal.aborted) throw new SheafError('CANCELLED', soFar, { hint: again })
  if (failure !== undefined) {
    const { code, message, hint = sent === 0 ? undefined : again } = asSheafError(failure)
    throw new SheafError(code, sent === 0 ? message : `${message}; ${soFar}`, {
      cause: failure,
      ...(hint !== undefined && { hint }),
    })
  }
  if (skipped.length > 0) {
    throw new SheafError(
      'INCOMPLETE',
      `${count(skipped.length, 'file')} of this history cannot become pages`,
      {
        hint: 'all else is imported; --json names them',
      },
    )
  }
  if (sent === 0) {
    throw new SheafError('BAD_ARGUMENT', 'there is no markdown file in this history', {
      hint: 'the names of markdown files end with .md; --attachments takes the others',
    })
  }
  if (done !== undefined && !done.isHeld) throw notHeld(done)
}
