/** kill -9 at a seeded moment: whatever was acknowledged reads back. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { sha256 } from '../../../../src/base/hash.ts'
import { randomBelow } from '../../../../src/base/random.ts'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { openStore } from '../../../../src/node/io/store/level-store.ts'
import { describeBlock } from '../../../contract/blocks.ts'
import { all, hex } from '../../../contract/store.ts'
import { tempHome } from '../../../helpers/home.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))

for (const seed of ['kill 1', 'kill 2', 'kill 3']) {
  test(`store - every acknowledged block survives kill -9 (seed ${seed})`, { timeout: 60_000 }, async (t) => {
    const home = tempHome(t)
    const killAfter = 1 + randomBelow(seededRandom(seed), 2000)
    const acknowledged = await writeAndKill(home, { seed, killAfter })
    t.ok(acknowledged.length >= killAfter, `${acknowledged.length} acknowledged`)

    const store = await openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock })
    t.teardown(() => store.close())
    const got = await store.get(acknowledged.map((id) => Buffer.from(id, 'hex')))
    const lost = acknowledged.filter((id, i) => got[i] === undefined || hex(sha256(got[i])) !== id)
    t.alike(lost, [], 'none is lost')
    const listed = await all(store.within(new Uint8Array(0), 0))
    t.is(store.usage().blocks, listed.length, 'the counters agree')
    t.is(store.usage().damaged, 0)
  })
}

/** The ids that the writer reported before it ended. */
function writeAndKill(
  home: string,
  { seed, killAfter }: { seed: string; killAfter: number },
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', WRITER, home, seed], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let reported = ''
    let lines = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      reported += text
      lines += text.split('\n').length - 1
      if (lines >= killAfter) child.kill('SIGKILL')
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(reported.split('\n').slice(0, -1))
      else reject(new Error(`the writer ended by itself with ${code}`))
    })
  })
}
