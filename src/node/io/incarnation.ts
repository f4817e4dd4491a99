/**
 * Which incarnation a home is in. A copy of a home, or one restored from a backup, has
 * another lock file than the one that the incarnation was written beside; it draws a new
 * incarnation, so that none of its numbers can contradict what the first life signed.
 * (A snapshot of a whole volume that is rolled back is not noticed this way.)
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SheafError } from '../../base/errors.ts'
import { INCARNATION_BYTES } from '../../base/keys.ts'
import type { Random } from '../../base/random.ts'
import { replacePrivateFile } from './private-file.ts'
import { diskError } from './store/disk-error.ts'
import type { HomeLock } from './store/lock.ts'

export interface Incarnation {
  bytes: Uint8Array
  /** The home was copied or restored since it last ran. */
  isNew: boolean
}

/** `first` is the incarnation that the identity was made with. Throws BAD_STORE where the file is not one of ours. */
export function currentIncarnation(lock: HomeLock, first: Uint8Array, random: Random): Incarnation {
  const path = join(lock.home, 'incarnation')
  const known = read(path)
  if (known?.birthmark === lock.birthmark) return { bytes: known.bytes, isNew: false }
  // a home that has run and does not know in which incarnation may have used every number of its first one
  const isFirst = known === undefined && !existsSync(join(lock.home, 'feeds'))
  const bytes = isFirst ? first : random(INCARNATION_BYTES)
  write(lock, bytes)
  return { bytes, isNew: !isFirst }
}

/** Draws another incarnation for a home whose notes are lost, and keeps it. */
export function renewIncarnation(lock: HomeLock, random: Random): Uint8Array {
  const bytes = random(INCARNATION_BYTES)
  write(lock, bytes)
  return bytes
}

function write({ home, birthmark }: HomeLock, bytes: Uint8Array): void {
  replacePrivateFile(join(home, 'incarnation'), `${Buffer.from(bytes).toString('hex')} ${birthmark}\n`)
}

function read(path: string): { bytes: Uint8Array; birthmark: string } | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
    const [, hex, birthmark] = /^([0-9a-f]{32}) (\S{1,100})\n$/.exec(readFileSync(path, 'utf8')) ?? []
    if (hex !== undefined && birthmark !== undefined) return { bytes: Buffer.from(hex, 'hex'), birthmark }
  } catch (error) {
    throw diskError(error, `cannot read ${path}`)
  }
  throw new SheafError('BAD_STORE', `${path} is damaged`, {
    hint: `remove ${path}: the next start draws a new incarnation`,
  })
}
