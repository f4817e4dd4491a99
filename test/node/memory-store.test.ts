import { MemoryStore } from '../../src/node/memory-store.ts'
import { describeBlock } from '../contract/blocks.ts'
import { storeContract } from '../contract/store.ts'

storeContract('memory store', async (t) => {
  const store = new MemoryStore(describeBlock)
  t.teardown(() => store.close())
  return { store, damage: ({ id }) => store.damage(id) }
})
