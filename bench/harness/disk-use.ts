/** What a folder takes on the disk. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of what the file system has set aside for the folder and all below it: blocks of 512 bytes, as it counts them. */
export async function diskUse(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const stats = await Promise.all(['.', ...names].map((each) => lstat(join(folder, each))))
  return stats.reduce((sum, { blocks }) => sum + blocks * 512, 0)
}

/** The same, for each entry of the folder. */
export async function diskUseByEntry(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { withFileTypes: true })
  const used = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      return [
        entry.name,
        entry.isDirectory() ? await diskUse(path) : (await lstat(path)).blocks * 512,
      ] as const
    }),
  )
  return Object.fromEntries(used)
}
