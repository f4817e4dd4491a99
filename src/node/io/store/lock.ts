/**
 * One process a home. The lock is the kernel's, on HOME/lock: it is gone with the process that had
 * it, however that ended, so nobody ever has to delete the file. What stands in it only tells who.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import locks from 'fs-native-extensions'
import { SheafError } from '../../../base/errors.ts'
import { makeFolders } from '../make-folders.ts'
import { diskError } from './disk-error.ts'

/** Only its owner may look into a home: it holds keys. */
const HOME_MODE = 0o700
const LOCK_MODE = 0o600

export interface HomeLock {
  readonly home: string
  /**
   * The same as long as the home stays where it was made; a copy or a restored backup has another one,
   * for its lock file is another file. Whoever finds a new one draws a new incarnation.
   */
  readonly birthmark: string
  /** Lets the next one in. A second call does nothing. */
  release(): void
}

/**
 * Locks a home (a directory, made where there is none) until `release` or the end of this process.
 * Errors: ALREADY_RUNNING where another process, or this one, has it; BAD_STORE, DISK_FULL.
 */
export function lockHome(home: string): HomeLock {
  const path = join(home, 'lock')
  let fd: number
  try {
    makeFolders(home, HOME_MODE)
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT, LOCK_MODE)
  } catch (error) {
    throw diskError(error, `cannot lock ${home}`)
  }
  let birthmark: string
  try {
    if (!locks.tryLock(fd)) throw alreadyRunning(home, path)
    ftruncateSync(fd, 0)
    writeSync(fd, `${process.pid}\n`, 0)
    birthmark = String(fstatSync(fd).ino)
  } catch (error) {
    closeSync(fd)
    throw diskError(error, `cannot lock ${home}`)
  }
  let held = true
  return {
    home,
    birthmark,
    release() {
      if (!held) return
      held = false
      try {
        ftruncateSync(fd, 0)
      } catch {
        // A disk that takes nothing any more: the number of a process that is gone stays there, and locks nobody out.
      }
      closeSync(fd)
    },
  }
}

function alreadyRunning(home: string, path: string): SheafError {
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  const who = Number.isNaN(pid) ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new SheafError('ALREADY_RUNNING', `${who} has ${home} open`, {
    hint: `ask it through its commands, stop it with \`sheaf stop\`, or choose another home with --home DIR`,
  })
}
