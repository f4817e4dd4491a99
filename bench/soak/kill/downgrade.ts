/** A home as an earlier version left it: index of format 1, the notes among its entries. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { indexLevel } from '../../../src/node/io/store/block-index.ts'
import { FORMAT_KEY } from '../../../src/node/io/store/index-keys.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'

const OLD_FORMAT = 1
/** Begins the key of a note in that format. */
const NOTE = Buffer.from('n')

/** The node of this home is stopped. A backup of an earlier downgrade goes, as it is no older than this one. */
export async function downgrade(home: string): Promise<void> {
  const lock = lockHome(home)
  const index = indexLevel(join(home, 'index'))
  const notes = indexLevel(join(home, 'notes'))
  try {
    await index.open()
    await notes.open()
    const entries = await notes.iterator().all()
    const moved = entries.filter(([key]) => !key.equals(FORMAT_KEY))
    await index.batch([
      ...moved.map(([key, value]) => ({ type: 'put' as const, key: Buffer.concat([NOTE, key]), value })),
      { type: 'put', key: FORMAT_KEY, value: Buffer.of(OLD_FORMAT) },
    ])
  } finally {
    await notes.close()
    await index.close()
    lock.release()
  }
  await rm(join(home, 'notes'), { recursive: true })
  await rm(join(home, `index-format-${OLD_FORMAT}.backup`), { recursive: true, force: true })
}
