/** The contents of files in a repository, one after the other, from one `git cat-file`. What is too large is passed over, and never in memory. */
import { SheafError } from '../../base/errors.ts'
import { startGit } from './process.ts'

const LF = 0x0a
const HEADER_BYTES_MAX = 200

export class Blobs {
  readonly #git: ReturnType<typeof startGit>
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(folder: string, signal: AbortSignal) {
    this.#git = startGit(folder, ['cat-file', '--batch'], signal)
    this.#chunks = this.#git.child.stdout[Symbol.asyncIterator]()
  }

  /** The bytes of a blob. Throws TOO_LARGE above `bytesMax`, BAD_FORMAT where there is none. */
  async read(oid: string, bytesMax: number): Promise<Uint8Array> {
    this.#git.child.stdin.write(`${oid}\n`)
    const header = await this.#line()
    const [, type, digits] = /^[0-9a-f]+ (\w+) (\d{1,15})$/.exec(header) ?? []
    if (type === undefined) throw new SheafError('BAD_FORMAT', `git has no object ${oid}`)
    const bytes = Number(digits)
    const isWanted = type === 'blob' && bytes <= bytesMax
    const kept = await this.#take(bytes, isWanted)
    await this.#take(1, false)
    if (isWanted) return kept
    if (type !== 'blob') throw new SheafError('BAD_FORMAT', `a ${type} where a file is expected`)
    throw new SheafError('TOO_LARGE', `${bytes} bytes where ${bytesMax} fit`)
  }

  close(): void {
    this.#git.child.stdin.end()
    this.#git.child.kill()
  }

  async #line(): Promise<string> {
    let line = Buffer.alloc(0)
    for (;;) {
      const end = this.#rest.indexOf(LF)
      line = Buffer.concat([line, end < 0 ? this.#rest : this.#rest.subarray(0, end)])
      if (line.byteLength > HEADER_BYTES_MAX) throw new SheafError('BAD_FORMAT', 'git writes no header')
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 1)
        return line.toString('latin1')
      }
      await this.#more()
    }
  }

  async #take(bytes: number, isKept: boolean): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let left = bytes; left > 0; ) {
      if (this.#rest.byteLength === 0) await this.#more()
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.byteLength)
      left -= part.byteLength
      if (isKept) parts.push(part)
    }
    return Buffer.concat(parts)
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (!done) {
      this.#rest = value
      return
    }
    await this.#git.ended
    throw new SheafError('BAD_FORMAT', 'git ended before all was read')
  }
}
