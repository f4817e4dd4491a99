/** A disk that remembers what was synced, and the home that would be found after a power loss. */
import { cpSync, existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Disk, realDisk } from '../../../../src/node/io/store/disk.ts'

/** The directories of a home that hold write-ahead logs. */
export const DATABASES: readonly string[] = ['feeds/db', 'index', 'notes']

export class RecordingDisk implements Disk {
  /** Bytes of each file that were there when it was synced last. */
  readonly syncedBytes = new Map<string, number>()
  readonly syncedDirectories = new Set<string>()
  /** Calls of `syncFile` so far. */
  fileSyncs = 0
  /** True: says that it syncs and does not. */
  lies = false
  freeNow: number | undefined
  failWith: Error | undefined

  async syncFile(path: string): Promise<boolean> {
    this.fileSyncs++
    if (this.failWith !== undefined) throw this.failWith
    if (this.lies) return true
    const bytes = existsSync(path) ? statSync(path).size : 0
    const exists = await realDisk.syncFile(path)
    if (exists) this.syncedBytes.set(path, bytes)
    return exists
  }

  async syncDirectory(path: string): Promise<void> {
    if (this.lies) return
    await realDisk.syncDirectory(path)
    this.syncedDirectories.add(path)
  }

  list(path: string): Promise<string[]> {
    return realDisk.list(path)
  }

  async freeBytes(path: string): Promise<number> {
    return this.freeNow ?? realDisk.freeBytes(path)
  }

  passes(): void {}

  /**
   * Copies `home` to `target` as a power loss would leave it: of the logs in the directories that
   * are named only what was synced. All other files are synced by
   * the databases themselves before they rely on them, and stay whole.
   */
  losePower(home: string, target: string, directories: readonly string[] = DATABASES): void {
    cpSync(home, target, { recursive: true })
    for (const directory of directories) {
      for (const name of readdirSync(join(target, directory))) {
        if (!name.endsWith('.log')) continue
        const original = join(home, directory, name)
        const copy = join(target, relative(home, original))
        if (this.syncedDirectories.has(dirname(original)))
          truncateSync(copy, this.syncedBytes.get(original) ?? 0)
        else rmSync(copy)
      }
    }
  }
}
