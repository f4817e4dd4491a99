/**
 * Writing strangers' pages into a folder: never outside of it, through no link, and never over a
 * file that says something else, unless that is wished.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SheafError } from '../base/errors.ts'
import { attachmentName, exportName } from '../content/path.ts'
import { makeFolders } from '../node/io/make-folders.ts'
import { diskError } from '../node/io/store/disk-error.ts'
import { writeWhole } from './get-file.ts'

/** What became of a page: `differs` where the file that is there was left alone. */
export type Outcome = 'written' | 'unchanged' | 'differs'

export class Written {
  readonly #root: string
  readonly #force: boolean
  /** Folders that were looked at. */
  readonly #folders = new Set<string>()
  /** Files of this run by device and inode: on a disk that takes `A` for `a` two pages would be one file. */
  readonly #own = new Map<string, string>()

  /** Makes the folder where there is none. Throws BAD_STORE, DISK_FULL. */
  constructor(folder: string, { force }: { force: boolean }) {
    try {
      makeFolders(folder)
      this.#root = realpathSync(folder)
      if (!lstatSync(this.#root).isDirectory()) throw new SheafError('BAD_ARGUMENT', `${folder} is no folder`)
    } catch (error) {
      throw diskError(error, `cannot write into ${folder}`)
    }
    this.#force = force
  }

  /**
   * Writes one page, whole or not at all. Throws BAD_PATH for a path that is not legal, REFUSED where
   * a link or something else is in the way, BAD_STORE, DISK_FULL.
   */
  add(path: string, text: string): Outcome {
    const name = exportName(path)
    const names = name.split('/')
    const file = names.pop()!
    const folder = this.#makeFolders(names, name)
    const target = join(folder, file)
    const there = lstatSync(target, { throwIfNoEntry: false })
    if (there === undefined) return this.#place(folder, target, path, text)
    if (!there.isFile()) throw new SheafError('REFUSED', `${name} is in the way, and no file`)
    if (readFileSync(target).equals(Buffer.from(text))) return 'unchanged'
    const other = this.#own.get(keyOf(there))
    if (other !== undefined) {
      throw new SheafError('REFUSED', `the pages ${other} and ${path} would be one file on this disk`)
    }
    return this.#force ? this.#place(folder, target, path, text) : 'differs'
  }

  /** Writes one file, which `chunks` delivers, as `add` does: whole, with this hash, or not at all. Throws BAD_HASH, too. */
  async addFile(
    path: string,
    { hash, bytes }: { hash: Uint8Array; bytes: number },
    chunks: () => Promise<AsyncIterable<Uint8Array>>,
  ): Promise<Outcome> {
    const name = attachmentName(path)
    const names = name.split('/')
    const file = names.pop()!
    const folder = this.#makeFolders(names, name)
    const target = join(folder, file)
    const there = lstatSync(target, { throwIfNoEntry: false })
    if (there !== undefined && !there.isFile()) {
      throw new SheafError('REFUSED', `${name} is in the way, and no file`)
    }
    if (there !== undefined) {
      if (there.size === bytes && (await hashOf(createReadStream(target))).equals(hash)) return 'unchanged'
      const other = this.#own.get(keyOf(there))
      if (other !== undefined) {
        throw new SheafError('REFUSED', `the pages ${other} and ${path} would be one file on this disk`)
      }
      if (!this.#force) return 'differs'
    }
    const temporary = join(folder, `.sheaf-${process.pid}.tmp`)
    try {
      rmSync(temporary, { force: true })
      await writeWhole(temporary, await chunks())
      if (!(await hashOf(createReadStream(temporary))).equals(hash)) {
        throw new SheafError('BAD_HASH', `${path} is not what its author signed`)
      }
      renameSync(temporary, target)
      this.#own.set(keyOf(lstatSync(target)), path)
      return 'written'
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error instanceof SheafError ? error : diskError(error, `cannot write ${target}`)
    }
  }

  #makeFolders(names: readonly string[], name: string): string {
    let folder = this.#root
    for (const one of names) {
      folder = join(folder, one)
      if (this.#folders.has(folder)) continue
      const there = lstatSync(folder, { throwIfNoEntry: false })
      if (there === undefined) mkdirSync(folder)
      else if (!there.isDirectory()) {
        throw new SheafError('REFUSED', `a link or a file is in the way of ${name}`)
      }
      this.#folders.add(folder)
    }
    return folder
  }

  /** Beside its place first: a rename replaces a file or a link, and follows none. */
  #place(folder: string, target: string, path: string, text: string): Outcome {
    const temporary = join(folder, `.sheaf-${process.pid}.tmp`)
    try {
      rmSync(temporary, { force: true })
      const fd = openSync(temporary, 'wx')
      try {
        writeFileSync(fd, text)
      } finally {
        closeSync(fd)
      }
      renameSync(temporary, target)
      this.#own.set(keyOf(lstatSync(target)), path)
      return 'written'
    } catch (error) {
      rmSync(temporary, { force: true })
      throw diskError(error, `cannot write ${target}`)
    }
  }
}

function keyOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest()
}
