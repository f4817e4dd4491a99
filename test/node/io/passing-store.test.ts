/** The store of a rehearsal: nothing of it stays. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'brittle'
import { passingStore } from '../../../src/node/io/passing-store.ts'
import { tempHome } from '../../helpers/home.ts'

test('passing store - it is empty when it opens and gone when it closes', async (t) => {
  const home = tempHome(t)
  const folder = join(home, 'rehearsal')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'left'), 'by a crash')
  const store = await passingStore(home)
  t.alike(store.usage().blocks, 0)
  t.absent(existsSync(join(folder, 'left')))
  await store.close()
  t.alike(await readdir(home), [])
})
