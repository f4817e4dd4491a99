/** A store on disk for a moment: empty when it is opened, gone when it is closed, or when the next one opens. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { INCARNATION_BYTES } from '../../base/keys.ts'
import { describeBlock } from '../../content/block.ts'
import type { Store } from '../store.ts'
import { openStore } from './store/level-store.ts'

/** In a folder of its own below `home`. Errors: those of `openStore`. */
export async function passingStore(home: string): Promise<Store> {
  const folder = join(home, 'rehearsal')
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  await remove()
  const incarnation = randomBytes(INCARNATION_BYTES)
  const store = await openStore({ home: folder, incarnation, describe: describeBlock })
  const close = store.close.bind(store)
  store.close = async () => {
    await close()
    await remove()
  }
  return store
}
