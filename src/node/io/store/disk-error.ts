/** What the disk and the databases on it complain of, as our codes. */
import { asSheafError, SheafError } from '../../../base/errors.ts'

const REINDEX = 'stop the node and run `sheaf reindex`, which saves what can be saved'
/** LevelDB's words for a table or a list of tables that is not what it was. */
const LEVEL_FAILS = /LEVEL_(IO_ERROR|DATABASE_NOT_OPEN|CORRUPTION)/

/** RocksDB and LevelDB pass on only the text that the C library has for an error. */
const SIGNS: [RegExp, (what: string, cause: unknown) => SheafError][] = [
  [
    /ENOSPC|EDQUOT|no space left|quota exceeded/i,
    (what, cause) =>
      new SheafError('DISK_FULL', `${what}: the disk is full`, {
        cause,
        hint: 'free some space; what was acknowledged is safe, and the node goes on by itself',
      }),
  ],
  [
    /EROFS|read-only file system/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: the file system is read-only`, {
        cause,
        hint: 'mount it writable, or choose another home with --home DIR',
      }),
  ],
  [
    /EACCES|EPERM|permission denied|operation not permitted/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: permission denied`, {
        cause,
        hint: 'the home must belong to the user that runs sheaf',
      }),
  ],
  [
    /EFBIG|file too large/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: a file may not become so large`, {
        cause,
        hint: 'raise the limit on the size of files (ulimit -f), then start the node again',
      }),
  ],
  [
    /EMFILE|ENFILE|too many open files/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: too many open files`, {
        cause,
        hint: 'raise the limit: ulimit -n 4096',
      }),
  ],
  [
    /corruption/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: damaged files`, {
        cause,
        hint: REINDEX,
      }),
  ],
  [
    /EIO\b|input\/output error/i,
    (what, cause) =>
      new SheafError('BAD_STORE', `${what}: the disk failed to read or write (EIO)`, {
        cause,
        hint: 'look at the disk; then start the node again and run `sheaf verify`',
      }),
  ],
]

/** `error` as a SheafError that says what was being done. One that already is a SheafError stays as it is. */
export function diskError(error: unknown, what: string): SheafError {
  if (error instanceof SheafError) return error
  // a mistake of ours is no fault of the disk
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) {
    return asSheafError(error)
  }
  const words = wordsOf(error)
  for (const [sign, make] of SIGNS) if (sign.test(words)) return make(what, error)
  const [first = 'no reason given'] = words.split('\n')
  const hint = LEVEL_FAILS.test(words) ? { hint: REINDEX } : {}
  return new SheafError('BAD_STORE', `${what}: ${first}`, { cause: error, ...hint })
}

/** Codes and messages of an error and its causes, the innermost last. */
function wordsOf(error: unknown): string {
  const words: string[] = []
  for (let one = error, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth++) {
    words.push(`${one.message} ${(one as NodeJS.ErrnoException).code ?? ''}`.trim())
  }
  return words.join('\n')
}
