/**
 * The child of kill.test.ts: `writer.ts HOME SEED` stores batches until somebody ends it, and writes the
 * id of each block to its standard output as soon as the store has acknowledged it.
 */
import { writeSync } from 'node:fs'
import { randomBelow } from '../../../../src/base/random.ts'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { openStore } from '../../../../src/node/io/store/level-store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'

const [home = '', seed = ''] = process.argv.slice(2)
const random = seededRandom(seed)
const store = await openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock })

/** One writer of several that run at once, so that writes are under way at every moment. */
async function writeForever(): Promise<never> {
  for (;;) {
    const blocks = someBlocks(random, 1 + randomBelow(random, 20))
    const feed = randomBelow(random, 2) ? 'outbox' : 'shelf'
    await store.append(feed, blocks, { sync: randomBelow(random, 4) === 0 })
    writeSync(1, blocks.map(({ id }) => `${Buffer.from(id).toString('hex')}\n`).join(''))
  }
}

await Promise.all([writeForever(), writeForever(), writeForever()])
