import { MemoryStore } from '../../src/node/memory-store.ts'
import { storeContract } from '../contract/store.ts'

storeContract('memory store', async (t) => {
  const store = new MemoryStore()
  t.teardown(() => store.close())
  return { store, damage: ({ id }) => store.damage(id) }
})
