/** The few calls by which a store asks the operating system for more than reading and writing; tests stand in for them. */
import { open, readdir, statfs } from 'node:fs/promises'

/** Where a write stands, or the mending of an index. A soak test ends the process at each of them. */
export type Moment =
  | 'noting'
  | 'noted'
  | 'appending'
  | 'appended'
  | 'indexing'
  | 'indexed'
  | 'copied'
  | 'migrating'
  | 'migrated'

export interface Disk {
  /** fdatasync: what was written to this file so far, by whoever, is on the medium. False where the file is gone. */
  syncFile(path: string): Promise<boolean>
  /** fsync of a directory: the files that were made in it are found again after a power loss. */
  syncDirectory(path: string): Promise<void>
  /** The names in a directory. */
  list(path: string): Promise<string[]>
  /** Bytes that this user may still write where `path` lies. */
  freeBytes(path: string): Promise<number>
  /** Is told of each moment as it passes. */
  passes(moment: Moment): void
}

export const realDisk: Disk = {
  async syncFile(path) {
    const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (file === undefined) return false
    try {
      await file.datasync()
    } finally {
      await file.close()
    }
    return true
  },

  async syncDirectory(path) {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  },

  list: (path) => readdir(path),

  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },

  passes() {},
}
