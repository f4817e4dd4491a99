/**
 * What `git fast-export --no-data` writes, read as it comes: commits in an order in which parents come
 * first, with the paths that each changed against its first parent. What a repository holds may be
 * anybody's: every line and every number is bounded, and what is not understood ends it.
 */
import { SheafError } from '../../base/errors.ts'

/** A line of a commit: a path has at most 4,096 bytes, twice for a rename, each byte as four letters. */
const LINE_BYTES_MAX = 64 * 1024
/** Of a message so much is kept; the rest is passed over. */
const MESSAGE_BYTES_MAX = 16 * 1024
/** A merge of more parents than that is nobody's work. */
const PARENTS_MAX = 64
/** Paths that one commit changes. */
const CHANGES_MAX = 1_000_000
const LF = 0x0a

/** `blob` undefined: the path is gone, or no longer a file. `from`: it was renamed. */
export interface Change {
  path: string
  blob: string | undefined
  from?: string
}

export interface Commit {
  mark: number
  oid: string
  author: string
  /** Seconds since 1970 of the committer. */
  timeS: number
  message: string
  /** Marks; the first is what the changes are against. */
  parents: number[]
  changes: Change[]
}

/** Throws BAD_FORMAT for what is no such stream, TOO_LARGE where something in it has no end. */
export async function* readCommits(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Commit> {
  const input = new Lines(chunks)
  for (let line = await input.next(); line !== undefined; ) {
    if (line === '' || line.startsWith('reset ') || line === 'done') {
      line = await input.next()
      continue
    }
    if (!line.startsWith('commit ')) throw unexpected(line)
    const { commit, next } = await readCommit(input)
    yield commit
    line = next
  }
}

async function readCommit(input: Lines): Promise<{ commit: Commit; next: string | undefined }> {
  const commit: Commit = { mark: 0, oid: '', author: '', timeS: 0, message: '', parents: [], changes: [] }
  for (;;) {
    const line = await input.next()
    const [word = '', rest = ''] = cutAt(line ?? '', ' ')
    if (word === 'mark') commit.mark = markOf(rest)
    else if (word === 'original-oid') commit.oid = oidOf(rest)
    else if (word === 'author') commit.author = personOf(rest).name
    else if (word === 'committer') commit.timeS = personOf(rest).timeS
    else if (word === 'encoding' || line === '') continue
    else if (word === 'gpgsig') await input.data(dataOf(await input.next()))
    else if (word === 'data') {
      commit.message = await input.data(bytesOf(rest))
      break
    } else throw unexpected(line ?? 'the end')
  }
  for (;;) {
    const line = await input.next()
    if (line !== undefined && /^(from|merge) /.test(line)) {
      commit.parents.push(markOf(line.slice(line.indexOf(' ') + 1)))
      if (commit.parents.length > PARENTS_MAX)
        throw new SheafError('TOO_LARGE', 'a commit of too many parents')
    } else if (line !== undefined && /^[MDR] /.test(line)) {
      commit.changes.push(...changesOf(line))
      if (commit.changes.length > CHANGES_MAX) throw new SheafError('TOO_LARGE', 'a commit of too many paths')
    } else {
      if (commit.mark === 0 || commit.oid === '')
        throw new SheafError('BAD_FORMAT', 'a commit without its name')
      return { commit, next: line }
    }
  }
}

/** `M 100644 OID PATH`, `D PATH`, `R OLD NEW`. */
function changesOf(line: string): Change[] {
  if (line.startsWith('D ')) return [{ path: wholePath(line.slice(2)), blob: undefined }]
  if (line.startsWith('R ')) {
    const [from, rest] = pathAt(line.slice(2))
    if (!rest.startsWith(' ')) throw unexpected(line)
    return [{ path: wholePath(rest.slice(1)), blob: undefined, from }]
  }
  const [, mode, oid, path] = /^M (\d{6}) ([0-9a-f]{40,64}) (.+)$/s.exec(line) ?? []
  if (mode === undefined || oid === undefined || path === undefined) throw unexpected(line)
  // A symbolic link, or a repository within: neither is a file.
  return [{ path: wholePath(path), blob: mode.startsWith('100') ? oid : undefined }]
}

function wholePath(text: string): string {
  if (!text.startsWith('"')) return text
  const [path, rest] = pathAt(text)
  if (rest !== '') throw unexpected(text)
  return path
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
}

/** A path in quotes as C has them, or up to the next space; and what stands behind it. */
function pathAt(text: string): [path: string, rest: string] {
  if (!text.startsWith('"')) {
    const [path, rest] = cutAt(text, ' ')
    return [path, rest === undefined ? '' : ` ${rest}`]
  }
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text)
  if (quoted === null) throw unexpected(text)
  const bytes: Uint8Array[] = []
  for (const [, plain, octal, letter] of quoted[1]!.matchAll(/([^\\]+)|\\([0-7]{3})|\\(.)/gs)) {
    if (octal !== undefined) bytes.push(Uint8Array.of(Number.parseInt(octal, 8) & 0xff))
    else bytes.push(Buffer.from(plain ?? ESCAPES[letter!] ?? letter!))
  }
  return [LOSSY.decode(Buffer.concat(bytes)), text.slice(quoted[0].length)]
}

function personOf(text: string): { name: string; timeS: number } {
  const found = /^(.*?)\s*<[^>]*> (-?\d{1,15}) [+-]\d{4,6}$/s.exec(text)
  if (found === null) throw unexpected(text)
  return { name: found[1]!, timeS: Number(found[2]) }
}

function markOf(text: string): number {
  const [, number] = /^:(\d{1,9})$/.exec(text) ?? []
  if (number === undefined) throw unexpected(text)
  return Number(number)
}

function oidOf(text: string): string {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text
  throw unexpected(text)
}

function dataOf(line: string | undefined): number {
  if (line?.startsWith('data ')) return bytesOf(line.slice(5))
  throw unexpected(line ?? 'the end')
}

function bytesOf(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw unexpected(text)
}

function cutAt(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function unexpected(line: string): SheafError {
  return new SheafError(
    'BAD_FORMAT',
    `git says something else than expected: ${JSON.stringify(line.slice(0, 80))}`,
  )
}

/** Names and messages may be in any encoding. */
const LOSSY = new TextDecoder('utf-8')

/** Bytes that come as they please, as lines and stretches. */
class Lines {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next line without its end; undefined at the end. Throws TOO_LARGE. */
  async next(): Promise<string | undefined> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for (;;) {
      const end = this.#rest.indexOf(LF)
      const part = end < 0 ? this.#rest : this.#rest.subarray(0, end)
      bytes += part.byteLength
      if (bytes > LINE_BYTES_MAX) throw new SheafError('TOO_LARGE', 'git writes a line without end')
      parts.push(part)
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 1)
        return LOSSY.decode(Buffer.concat(parts))
      }
      if (!(await this.#more())) return bytes === 0 ? undefined : LOSSY.decode(Buffer.concat(parts))
    }
  }

  /** So many bytes as text, the first of them; the rest is passed over. Throws BAD_FORMAT where there are fewer. */
  async data(bytes: number): Promise<string> {
    const kept: Uint8Array[] = []
    let keptBytes = 0
    for (let left = bytes; left > 0; ) {
      if (this.#rest.byteLength === 0 && !(await this.#more())) throw unexpected('the end')
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.byteLength)
      left -= part.byteLength
      const wanted = part.subarray(0, MESSAGE_BYTES_MAX - keptBytes)
      kept.push(wanted)
      keptBytes += wanted.byteLength
    }
    return LOSSY.decode(Buffer.concat(kept))
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    this.#rest = done ? new Uint8Array(0) : value
    return !done
  }
}
