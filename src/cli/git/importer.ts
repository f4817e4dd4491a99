/** Writes the stream of `git fast-import`, as fast as git takes it: contents, and commits that name them. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { asSheafError } from '../../base/errors.ts'
import { startGit } from './process.ts'

/** How a later command names what was written: by its mark, or by the name that it has in the repository. */
export type GitName = string

export interface TreeFile {
  name: string
  blob: GitName
}

export interface CommitDraft {
  message: string
  author: string
  timeMs: number
  parents: readonly GitName[]
  files: readonly TreeFile[]
  /** Whether the files of its first parent are in its tree, too. */
  isOnTopOfFirst?: boolean
}

const NO_COMMIT = '0'.repeat(40)

export class Importer {
  readonly #folder: string
  readonly #git: ReturnType<typeof startGit>
  #mark = 0

  /** Git has no part in a Ctrl-C: it ends by itself where the stream does, and leaves nothing half-written. */
  constructor(folder: string) {
    this.#folder = folder
    this.#git = startGit(
      folder,
      ['fast-import', '--quiet', '--force', '--done'],
      new AbortController().signal,
    )
  }

  /** The contents of a file, of exactly so many bytes. */
  async blob(bytes: number, chunks: AsyncIterable<Uint8Array>): Promise<GitName> {
    this.#mark += 1
    const name = `:${this.#mark}`
    await this.#write(`blob\nmark ${name}\ndata ${bytes}\n`)
    for await (const chunk of chunks) await this.#write(chunk)
    await this.#write('\n')
    return name
  }

  /** A commit that `ref` leads to from now on; without files its tree is empty. */
  async commit(
    ref: string,
    { message, author, timeMs, parents, files, isOnTopOfFirst = false }: CommitDraft,
  ): Promise<GitName> {
    this.#mark += 1
    const who = `@${author} <${author}@sheaf.invalid> ${Math.floor(timeMs / 1000)} +0000`
    const [first, ...others] = parents
    const lines = [
      // Without it a commit would follow the one before.
      `reset ${ref}`,
      '',
      `commit ${ref}`,
      `mark :${this.#mark}`,
      `author ${who}`,
      `committer ${who}`,
      `data ${Buffer.byteLength(message)}`,
      message,
      ...(first === undefined ? [] : [`from ${first}`]),
      ...others.map((parent) => `merge ${parent}`),
      ...(isOnTopOfFirst ? [] : ['deleteall']),
      ...files.map(({ name, blob }) => `M 100644 ${blob} ${quoted(name)}`),
    ]
    await this.#write(`${lines.join('\n')}\n\n`)
    return `:${this.#mark}`
  }

  /** What was written so far stays, whatever comes. */
  async checkpoint(): Promise<void> {
    await this.#write('checkpoint\n\n')
  }

  async remove(ref: string): Promise<void> {
    await this.#write(`reset ${ref}\nfrom ${NO_COMMIT}\n\n`)
  }

  /** Throws what git says. */
  async end(): Promise<void> {
    await this.#write('done\n')
    this.#git.child.stdin.end()
    await this.#git.ended
  }

  /** Ends it before its end, or does nothing after that: what came after the last checkpoint is forgotten. */
  async close(): Promise<void> {
    const { child, ended } = this.#git
    child.stdin.end()
    await ended.catch(() => undefined)
    rmSync(join(this.#folder, `fast_import_crash_${child.pid}`), { force: true })
  }

  async #write(chunk: string | Uint8Array): Promise<void> {
    const { child, ended } = this.#git
    await new Promise<void>((done, fail) => {
      child.stdin.write(chunk, (error) => (error ? fail(asSheafError(error)) : done()))
    }).catch(async (error) => {
      // A pipe that broke says nothing of why.
      await ended
      throw error
    })
  }
}

/** As git reads a path that holds anything. */
function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
