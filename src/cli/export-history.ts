/**
 * `sheaf export --history`: a space with all its versions as a git repository.
 *
 *     versions      a1 ── a2 ──┐         b1
 *     commits       a1 ── a2 ──┴─ all ───┘        main: the pages as they stand, joining what nothing follows
 *
 * One commit for each version, with its page alone and its parents' commits as parents, so that a commit's
 * name depends on the version and on what is behind it, and on nothing else: the same history has the same
 * names whoever exports it and when. Versions that are there are not written again.
 */
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { asSheafError, SheafError } from '../base/errors.ts'
import { attachmentName, exportName } from '../content/path.ts'
import type { PageJson, VersionJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, jsonLine, progressOf, timesOf } from './cli.ts'
import { gitText, startGit } from './git/process.ts'
import { count, oneLine } from './shown.ts'

export interface HistoryOptions extends CommonOptions {
  readonly force?: boolean
}

/** Commits that one joins; more are joined one after the other. */
const JOINED_MAX = 16
/** What is known of the commits that are there: a line of 94 letters each. */
const KNOWN_BYTES_MAX = 256 * 1024 * 1024
/** For each part of a file. */
const FILE_WINDOW_MS = 60_000

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
    const { space: named, versions, heads } = await versionsOf(cli, space, timeoutMs)
    await openRepository(folder, named, options.force === true, shell.signal)
    const known = await commitsIn(folder, shell.signal)
    const { child, ended } = startGit(folder, ['fast-import', '--quiet', '--force', '--done'], shell.signal)
    const git = new Importer(child.stdin)
    const commits = new Map(known)
    let written = 0
    for (const version of inOrder(versions)) {
      if (commits.has(version.id)) continue
      const parents = version.parents.flatMap((id) => commits.get(id) ?? [])
      const files = await fileOf(cli, version)
      commits.set(version.id, await git.commit(wordsOf(version), version, parents, files))
      written += 1
      progress.show(`${written} of ${versions.size - known.size} versions`)
    }
    await joinAll(git, cli, versions, commits, heads)
    await git.end()
    await ended
    progress.clear()
    const isNew = written > 0
    if (options.json) {
      await shell.out(
        jsonLine({ type: 'done', versions: versions.size, written, unchanged: versions.size - written }),
      )
    } else if (!options.quiet) {
      await shell.out(
        `${count(written, 'version')} written, ${versions.size - written} unchanged${isNew ? `: git log in ${directory}` : ''}\n`,
      )
    }
  } finally {
    progress.clear()
  }
}

/** Every version of the pages that a space lists, and of those that they came from. */
async function versionsOf(cli: Cli, space: string, timeoutMs: number | undefined) {
  const client = cli.client()
  const list = await client.ask<{ space: string; pages: { path: string; id: string }[] }>('/v1/list', {
    query: { space },
  })
  const versions = new Map<string, VersionJson>()
  const heads = new Set<string>()
  const pages = list.pages.map(({ path }) => `${list.space}/${path}`)
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

/** A new folder, an empty one, or a repository of this space that we made. Throws REFUSED, and ALREADY_EXISTS for one that is no repository. */
async function openRepository(
  folder: string,
  space: string,
  isForced: boolean,
  signal: AbortSignal,
): Promise<void> {
  const isEmpty = !existsSync(folder) || readdirSync(folder).length === 0
  if (isEmpty) {
    const { mkdirSync } = await import('node:fs')
    mkdirSync(folder, { recursive: true })
    await gitText(folder, ['init', '-q', '--bare', '--template=', '-b', 'main'], signal)
    await gitText(folder, ['config', 'sheaf.space', space], signal)
    return
  }
  const there = await gitText(folder, ['config', '--local', 'sheaf.space'], signal).catch(() => '')
  if (there.trim() === space) return
  if (isForced) {
    await gitText(folder, ['rev-parse', '--git-dir'], signal)
    return
  }
  throw new SheafError('REFUSED', 'that folder is not empty, and no export of this space', {
    hint: 'name a new folder; --force writes the branch main of any repository anew',
  })
}

/** The commits of versions that are there, by the version. */
async function commitsIn(folder: string, signal: AbortSignal): Promise<Map<string, string>> {
  const format = '--format=tformat:%H %(trailers:key=Sheaf-Version,valueonly,separator=%x20)'
  const text = await gitText(folder, ['log', format, 'refs/heads/main'], signal, KNOWN_BYTES_MAX).catch(
    () => '',
  )
  const known = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, oid, id] = /^([0-9a-f]{40,64}) ([a-z2-7]{52})$/.exec(line.trim()) ?? []
    if (oid !== undefined && id !== undefined) known.set(id, oid)
  }
  return known
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

interface TreeFile {
  name: string
  bytes: number
  chunks: AsyncIterable<Uint8Array>
}

/** What a version puts into a tree: its page, or nothing. */
async function fileOf(cli: Cli, { id, content, page }: VersionJson): Promise<TreeFile[]> {
  const path = page.slice(page.indexOf('/') + 1)
  if (content === 'text') {
    const { text } = await cli.client().ask<PageJson>('/v1/get', { query: { id } })
    const bytes = Buffer.from(text)
    return [{ name: exportName(path), bytes: bytes.byteLength, chunks: only(bytes) }]
  }
  if (content !== 'file') return []
  const { headers, body } = await cli
    .client()
    .download('/v1/file', { query: { id, timeoutMs: FILE_WINDOW_MS } })
  return [{ name: attachmentName(path), bytes: Number(headers['content-length']), chunks: body }]
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function wordsOf({ id, page, summary, timeMs }: VersionJson): string {
  return `${oneLine(summary) || 'Without words'}\n\nSheaf-Version: ${id}\nSheaf-Page: ${page}\nSheaf-Time: ${timeMs}\n`
}

/** What nothing follows is joined, some at a time, into the pages as they stand. */
async function joinAll(
  git: Importer,
  cli: Cli,
  versions: ReadonlyMap<string, VersionJson>,
  commits: ReadonlyMap<string, string>,
  heads: ReadonlySet<string>,
): Promise<void> {
  const followed = new Set([...versions.values()].flatMap(({ parents }) => parents))
  const tips = [...versions.values()]
    .filter(({ id }) => !followed.has(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const timeMs = Math.max(0, ...tips.map((tip) => tip.timeMs))
  let last: string | undefined
  let files: { name: string; from: VersionJson }[] = []
  for (let at = 0; at < tips.length; at += JOINED_MAX) {
    const some = tips.slice(at, at + JOINED_MAX)
    files = [...files, ...some.filter(({ id }) => heads.has(id)).map((from) => ({ name: '', from }))]
    const parents = [...(last === undefined ? [] : [last]), ...some.map(({ id }) => commits.get(id)!)]
    const trees: TreeFile[] = []
    for (const { from } of files) trees.push(...(await fileOf(cli, from)))
    last = await git.commit('The pages as they stand\n', { author: 'sheaf', timeMs }, parents, trees)
  }
}

/** Writes the stream of `git fast-import`, as fast as git takes it. */
class Importer {
  readonly #stream: NodeJS.WritableStream
  #mark = 0

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  /** One commit; how later ones name it. */
  async commit(
    message: string,
    { author, timeMs }: { author: string; timeMs: number },
    parents: readonly string[],
    files: readonly TreeFile[],
  ): Promise<string> {
    this.#mark += 1
    const who = `@${author} <${author}@sheaf.invalid> ${Math.floor(timeMs / 1000)} +0000`
    const [first, ...others] = parents
    const lines = [
      // Without it a commit would follow the one before.
      'reset refs/heads/main',
      '',
      'commit refs/heads/main',
      `mark :${this.#mark}`,
      `author ${who}`,
      `committer ${who}`,
      `data ${Buffer.byteLength(message)}`,
      message,
      ...(first === undefined ? [] : [`from ${first}`]),
      ...others.map((parent) => `merge ${parent}`),
      'deleteall',
    ]
    await this.#write(`${lines.join('\n')}\n`)
    for (const { name, bytes, chunks } of files) {
      await this.#write(`M 100644 inline ${quoted(name)}\ndata ${bytes}\n`)
      for await (const chunk of chunks) await this.#write(chunk)
      await this.#write('\n')
    }
    await this.#write('\n')
    return `:${this.#mark}`
  }

  async end(): Promise<void> {
    await this.#write('done\n')
    this.#stream.end()
  }

  async #write(chunk: string | Uint8Array): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#stream.write(chunk, (error) => (error ? fail(asSheafError(error)) : done()))
    })
  }
}

/** As git reads a path that holds anything. */
function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
