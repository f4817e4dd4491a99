/** Files that only their owner may read, written whole or not at all. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SheafError } from '../../base/errors.ts'
import { makePrivateFolder } from './paths.ts'
import { diskError } from './store/disk-error.ts'

const FILE_MODE = 0o600
/** File systems without hard links say one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Makes a new file of mode 0600 that survives power loss. Another file of that name is never
 * touched: ALREADY_EXISTS. Else BAD_STORE or DISK_FULL, and nothing is left behind.
 */
export function writeNewPrivateFile(path: string, text: string): void {
  write(path, text, placeNew)
}

/** Puts a file of mode 0600 in the place of another; after a crash there is the old one or the new one. BAD_STORE, DISK_FULL. */
export function replacePrivateFile(path: string, text: string): void {
  write(path, text, renameSync)
}

/**
 * Makes a new file of mode 0600 of what `fill` writes; it is there, and survives power loss, when this resolves.
 * Another file of that name is never touched: ALREADY_EXISTS. Else BAD_STORE or DISK_FULL, and nothing is left behind.
 */
export async function writeNewPrivateStream(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (existsSync(path)) throw new SheafError('ALREADY_EXISTS', `${path} exists already`)
  const temporary = temporaryFor(path)
  try {
    const file = await open(temporary, 'wx', FILE_MODE)
    try {
      await fill(async (bytes) => {
        await file.writeFile(bytes)
      })
      await file.sync()
    } finally {
      await file.close()
    }
    placeNew(temporary, path)
    syncFolder(dirname(path))
  } catch (error) {
    throw diskError(error, `cannot write ${path}`)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function write(path: string, text: string, place: (temporary: string, path: string) => void): void {
  makePrivateFolder(dirname(path))
  const temporary = temporaryFor(path)
  try {
    const fd = openSync(temporary, 'wx', FILE_MODE)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    place(temporary, path)
    syncFolder(dirname(path))
  } catch (error) {
    throw diskError(error, `cannot write ${path}`)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function temporaryFor(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`
}

/** A link, unlike a rename, fails where there is a file already, with nothing between looking and doing. */
function placeNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST' || existsSync(path))
      throw new SheafError('ALREADY_EXISTS', `${path} exists already`)
    if (!NO_LINKS.has(code)) throw error
    renameSync(temporary, path)
  }
}

/** fsync: the files that were made in it are found again after a power loss. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
