import { MemoryStore } from '../../src/node/memory-store.ts'
import { describeBlock } from '../contract/blocks.ts'
import { storeContract } from '../contract/store.ts'

storeContract('memory store', async (t, { quotaBytes } = {}) => {
  const store = new MemoryStore(describeBlock, quotaBytes)
  t.teardown(() => store.close())
  return { store, damage: ({ id }) => store.damage(id) }
})
