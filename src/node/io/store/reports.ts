/** What RocksDB and LevelDB write about themselves each time they are opened, and never read. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** RocksDB: 40 KB of log and its options, of which it would keep a thousand. LevelDB: a log, and that of the time before. */
const REPORT = /^(LOG|LOG\.old.*|OPTIONS-.*)$/

/** Removes them from the directory of a database that is closed. */
export async function dropReports(directory: string): Promise<void> {
  // one that was never made, as where opening failed, has none
  for (const name of await readdir(directory).catch(() => [])) {
    if (REPORT.test(name)) await rm(join(directory, name), { force: true })
  }
}
