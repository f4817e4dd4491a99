/**
 * `sheaf export --history`: a space with all its versions as a git repository.
 *
 *     versions      a1 ── a2 ──┐         b1
 *     commits       a1 ── a2 ──┴─ all ───┘        main: the pages as they stand, joining what nothing follows
 *
 * One commit for each version, with its page alone and its parents' commits as parents, so that a commit's
 * name depends on the version and on what is behind it, and on nothing else: the same history has the same
 * names whoever exports it and when. Versions that are there are not written again. Now and then what was
 * written is joined and kept, so that a run that was broken off is taken up by running it again.
 */
import { resolve } from 'node:path'
import { SheafError } from '../base/errors.ts'
import { attachmentName, exportName } from '../content/path.ts'
import type { PageJson, VersionJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, jsonLine, progressOf, timesOf } from './cli.ts'
import { type GitName, Importer, type TreeFile } from './git/importer.ts'
import { BEGUN_REF, begunIn, blobsIn, commitsIn, MAIN_REF, openRepository } from './git/repository.ts'
import { count, oneLine } from './shown.ts'

export interface HistoryOptions extends CommonOptions {
  readonly force?: boolean
}

/** Commits that one joins; more are joined one after the other. */
const JOINED_MAX = 16
/** Versions that a kill costs at most, and that a pack of the repository holds at least. */
const CHECKPOINT_VERSIONS = 1_024
/** For each part of a file. */
const FILE_WINDOW_MS = 60_000

interface History {
  space: string
  versions: ReadonlyMap<string, VersionJson>
  /** Of each page the version that it has. */
  heads: ReadonlySet<string>
}

/** Writes what is new. Errors: REFUSED for a repository that is not ours, what the daemon and git say. */
export async function exportHistory(
  cli: Cli,
  space: string,
  directory: string,
  options: HistoryOptions,
): Promise<void> {
  const { shell } = cli
  const { timeoutMs } = timesOf(options, 24 * 3600)
  const folder = resolve(shell.cwd, directory)
  const progress = progressOf(shell, options)
  try {
    const history = await historyOf(cli, space, timeoutMs)
    const { versions } = history
    await openRepository(folder, history.space, options.force === true, shell.signal)
    const known = await commitsIn(folder, shell.signal)
    const begun = await begunIn(folder, shell.signal)
    const writing = new Writing(cli, folder, { known, begun })
    let written = 0
    try {
      for (const version of inOrder(versions)) {
        if (shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled', { hint: AGAIN })
        if (!(await writing.write(version))) continue
        written += 1
        progress.show(`${written} versions, ${known.size} of ${versions.size} there before`)
      }
      await writing.finish(history)
    } finally {
      await writing.close()
    }
    progress.clear()
    if (options.json) {
      await shell.out(
        jsonLine({ type: 'done', versions: versions.size, written, unchanged: versions.size - written }),
      )
    } else if (!options.quiet) {
      const where = written > 0 ? `: git log in ${directory}` : ''
      await shell.out(`${count(written, 'version')} written, ${versions.size - written} unchanged${where}\n`)
    }
  } finally {
    progress.clear()
  }
}

const AGAIN = 'run the same command again: it does what is missing'

/** Every version of the pages that a space lists or that lie here, deleted ones too, and of those that they came from. */
async function historyOf(cli: Cli, space: string, timeoutMs: number | undefined): Promise<History> {
  const client = cli.client()
  const list = await client.ask<{ space: string; pages: { path: string }[]; kept: string[] }>('/v1/list', {
    query: { space, kept: 'true' },
  })
  const versions = new Map<string, VersionJson>()
  const heads = new Set<string>()
  const paths = new Set([...list.pages.map(({ path }) => path), ...list.kept])
  const pages = [...paths].map((path) => `${list.space}/${path}`)
  const seen = new Set(pages)
  for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
    if (cli.shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
    const log = await client.ask<{ versions: VersionJson[] }>('/v1/log', {
      query: { page, ...(timeoutMs !== undefined && { timeoutMs: Math.min(timeoutMs, 60_000) }) },
    })
    for (const version of log.versions) {
      versions.set(version.id, version)
      if (version.isHead && version.page === page) heads.add(version.id)
      if (seen.has(version.page) || !version.page.startsWith(`${list.space}/`)) continue
      seen.add(version.page)
      pages.push(version.page)
    }
  }
  return { space: list.space, versions, heads }
}

/** Parents before those that follow them. */
function inOrder(versions: ReadonlyMap<string, VersionJson>): VersionJson[] {
  const order = new Map<string, VersionJson>()
  for (const start of [...versions.keys()].sort()) {
    const path = [start]
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const version = versions.get(id)
      const before = version?.parents.find((parent) => versions.has(parent) && !order.has(parent))
      if (version !== undefined && before !== undefined && !order.has(id)) path.push(before)
      else {
        if (version !== undefined) order.set(id, version)
        path.pop()
      }
    }
  }
  return [...order.values()]
}

/** A commit that is joined with others, and what it puts beside theirs. */
interface Joined {
  readonly commit: GitName
  readonly files: readonly TreeFile[]
}

/** The commits of one run, and those that were there before. */
class Writing {
  readonly #cli: Cli
  readonly #folder: string
  readonly #git: Importer
  readonly #commits: Map<string, GitName>
  /** What versions say, by what they are called in the repository; each is fetched once. */
  readonly #blobs = new Map<string, GitName>()
  /** Written since the last checkpoint, but for what another of them follows. */
  #loose = new Set<GitName>()
  #sinceCheckpoint = 0
  /** What the last checkpoint joined, of this run or of one before. */
  #begun: GitName | undefined

  constructor(
    cli: Cli,
    folder: string,
    { known, begun }: { known: ReadonlyMap<string, string>; begun: string | undefined },
  ) {
    this.#cli = cli
    this.#begun = begun
    this.#folder = folder
    this.#commits = new Map(known)
    this.#git = new Importer(folder)
  }

  /** Whether there was something to write. */
  async write(version: VersionJson): Promise<boolean> {
    if (this.#commits.has(version.id)) return false
    const parents = version.parents.flatMap((id) => this.#commits.get(id) ?? [])
    const { author, timeMs } = version
    const files = await this.#filesOf([version])
    const message = wordsOf(version)
    const commit = await this.#git.commit(BEGUN_REF, { message, author, timeMs, parents, files })
    this.#commits.set(version.id, commit)
    for (const parent of parents) this.#loose.delete(parent)
    this.#loose.add(commit)
    this.#sinceCheckpoint += 1
    if (this.#sinceCheckpoint >= CHECKPOINT_VERSIONS) await this.#checkpoint()
    return true
  }

  /** What nothing follows is joined, some at a time, into the pages as they stand. */
  async finish({ versions, heads }: History): Promise<void> {
    const followed = new Set([...versions.values()].flatMap(({ parents }) => parents))
    const tips = [...versions.values()]
      .filter(({ id }) => !followed.has(id))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    // All at once, so that each is at hand below.
    await this.#filesOf(tips.filter(({ id }) => heads.has(id)))
    const timeMs = Math.max(0, ...tips.map((tip) => tip.timeMs))
    const joined: Joined[] = []
    for (const tip of tips) {
      const files = heads.has(tip.id) ? await this.#filesOf([tip]) : []
      joined.push({ commit: this.#commits.get(tip.id)!, files })
    }
    await this.#join(MAIN_REF, 'The pages as they stand\n', joined, timeMs)
    await this.#git.remove(BEGUN_REF)
    await this.#git.end()
  }

  async close(): Promise<void> {
    await this.#git.close()
  }

  async #checkpoint(): Promise<void> {
    const commits = [...(this.#begun === undefined ? [] : [this.#begun]), ...this.#loose]
    const joined = commits.map((commit) => ({ commit, files: [] }))
    this.#begun = await this.#join(BEGUN_REF, 'An export that was begun\n', joined, 0)
    this.#loose = new Set()
    this.#sinceCheckpoint = 0
    await this.#git.checkpoint()
  }

  /**
   * One commit behind which all that are joined are, with their files: git takes so many at a time. Those in between
   * have the files so far: `git log` of a page follows the parent that has the page as it is.
   */
  async #join(
    ref: string,
    message: string,
    joined: readonly Joined[],
    timeMs: number,
  ): Promise<GitName | undefined> {
    let last: GitName | undefined
    for (let at = 0; at < joined.length; at += JOINED_MAX) {
      const some = joined.slice(at, at + JOINED_MAX)
      last = await this.#git.commit(ref, {
        message,
        author: 'sheaf',
        timeMs,
        parents: [...(last === undefined ? [] : [last]), ...some.map(({ commit }) => commit)],
        files: some.flatMap(({ files }) => files),
        isOnTopOfFirst: last !== undefined,
      })
    }
    return last
  }

  /** What versions put into a tree: each its page, or nothing. What is in the repository is not asked for again. */
  async #filesOf(versions: readonly VersionJson[]): Promise<TreeFile[]> {
    const wanted = versions.filter((version) => nameOf(version) !== undefined && !this.#blobs.has(version.id))
    const there = wanted.flatMap((version) => {
      const commit = this.#commits.get(version.id)
      return commit === undefined || commit.startsWith(':')
        ? []
        : [{ version, commit, name: nameOf(version)! }]
    })
    for (const [i, blob] of (await blobsIn(this.#folder, there, this.#cli.shell.signal)).entries()) {
      if (blob !== undefined) this.#blobs.set(there[i]!.version.id, blob)
    }
    const files: TreeFile[] = []
    for (const version of versions) {
      const name = nameOf(version)
      if (name === undefined) continue
      const blob = this.#blobs.get(version.id) ?? (await this.#fetched(version))
      this.#blobs.set(version.id, blob)
      files.push({ name, blob })
    }
    return files
  }

  async #fetched({ id, content }: VersionJson): Promise<GitName> {
    const client = this.#cli.client()
    if (content === 'text') {
      const { text } = await client.ask<PageJson>('/v1/get', { query: { id } })
      const bytes = Buffer.from(text)
      return this.#git.blob(bytes.byteLength, only(bytes))
    }
    const { headers, body } = await client.download('/v1/file', { query: { id, timeoutMs: FILE_WINDOW_MS } })
    return this.#git.blob(Number(headers['content-length']), body)
  }
}

/** Undefined for a version that puts nothing on its page. */
function nameOf({ content, page }: VersionJson): string | undefined {
  const path = page.slice(page.indexOf('/') + 1)
  if (content === 'text') return exportName(path)
  return content === 'file' ? attachmentName(path) : undefined
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function wordsOf({ id, page, summary, timeMs }: VersionJson): string {
  return `${oneLine(summary) || 'Without words'}\n\nSheaf-Version: ${id}\nSheaf-Page: ${page}\nSheaf-Time: ${timeMs}\n`
}
