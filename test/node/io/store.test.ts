import { openStore } from '../../../src/node/io/store/level-store.ts'
import { describeBlock } from '../../contract/blocks.ts'
import { storeContract } from '../../contract/store.ts'
import { tempHome } from '../../helpers/home.ts'

const INCARNATION = new Uint8Array(16).fill(1)

storeContract('level store', async (t) => {
  const store = await openStore({ home: tempHome(t), incarnation: INCARNATION, describe: describeBlock })
  t.teardown(() => store.close())
  return {
    store,
    // what is given back is a view into the cached segment, which is why nobody else may write into it
    async damage({ id }) {
      const [bytes] = await store.get([id])
      bytes![0]! ^= 1
    },
  }
})
