/** Reading a backup, frame by frame, with nothing taken on trust: the digest at its end is of what was read. */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { equalBytes } from '../../../base/hash.ts'
import { diskError } from '../store/disk-error.ts'
import { FRAME_HEADER_BYTES, type Frame, MAGIC, MAGIC_OF_ALL, readFrame, readFrameHeader } from './format.ts'

/** Read at a time. */
const CHUNK_BYTES = 1024 * 1024
const HINT = 'take another backup: nothing was made of this one'

/**
 * The frames between head and end, the head first. Ends normally only where the end is there, fits all
 * that came before, and is followed by nothing. Errors: NOT_FOUND, TRUNCATED, TRAILING_BYTES, BAD_HASH,
 * BAD_FORMAT, TOO_LARGE and what else a codec refuses with, each with the place in the file; BAD_STORE.
 */
export async function* framesIn(path: string): AsyncGenerator<Exclude<Frame, { type: 'end' }>> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new SheafError('NOT_FOUND', `there is no file ${path}`)
    throw diskError(error, `cannot read ${path}`)
  })
  const source = new Source(file)
  try {
    yield* frames(source)
  } catch (error) {
    const { code, message, cause } = asSheafError(diskError(error, `cannot read ${path}`))
    throw new SheafError(code, `${path} at byte ${source.frameStart}: ${message}`, { cause, hint: HINT })
  } finally {
    await file.close()
  }
}

async function* frames(source: Source): AsyncGenerator<Exclude<Frame, { type: 'end' }>> {
  const magic = await source.take(MAGIC.byteLength)
  if (!equalBytes(magic, MAGIC)) {
    const isOfOther = equalBytes(magic.subarray(0, MAGIC_OF_ALL.byteLength), MAGIC_OF_ALL)
    throw new SheafError(
      'BAD_FORMAT',
      isOfOther ? 'a backup of another version of sheaf' : 'this is no backup of sheaf',
    )
  }
  const counted = { head: 0, file: 0, block: 0, note: 0, rule: 0, name: 0 }
  for (;;) {
    const digest = source.beginFrame()
    const { length, crc } = readFrameHeader(await source.take(FRAME_HEADER_BYTES))
    const frame = readFrame(await source.take(length), crc)
    if ((counted.head === 0) !== (frame.type === 'head')) {
      throw new SheafError('BAD_FORMAT', 'the head of a backup is its first frame, and no other is')
    }
    if (frame.type === 'end') {
      if (!equalBytes(digest, frame.digest))
        throw new SheafError('BAD_HASH', 'the digest of the whole does not match')
      if (frame.blocks !== counted.block || frame.notes !== counted.note) {
        throw new SheafError('BAD_FORMAT', 'there are more or fewer blocks and notes than the end says')
      }
      if (!(await source.isAtEnd())) throw new SheafError('TRAILING_BYTES', 'bytes after the end')
      return
    }
    counted[frame.type]++
    yield frame
  }
}

/** Bytes of a file in order, hashed up to where the present frame begins. */
class Source {
  /** Where the present frame begins in the file. */
  frameStart = 0
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  /** Bytes of the file before the buffer. */
  #before = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** The digest of all before the frame that begins here. */
  beginFrame(): Uint8Array {
    this.frameStart = this.#before + this.#at
    return this.#hash.copy().digest()
  }

  /** The next bytes, in a buffer of their own. Throws TRUNCATED. */
  async take(length: number): Promise<Buffer> {
    while (this.#buffer.byteLength - this.#at < length) {
      if (!(await this.#fill())) throw new SheafError('TRUNCATED', 'the file ends in the middle of a frame')
    }
    const taken = Buffer.from(this.#buffer.subarray(this.#at, this.#at + length))
    this.#at += length
    this.#hash.update(taken)
    return taken
  }

  async isAtEnd(): Promise<boolean> {
    return this.#at === this.#buffer.byteLength && !(await this.#fill())
  }

  /** False at the end of the file. */
  async #fill(): Promise<boolean> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_BYTES, null)
    this.#before += this.#at
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), chunk.subarray(0, bytesRead)])
    this.#at = 0
    return bytesRead > 0
  }
}
