/**
 * The child of faults.test.ts: `small-disk.ts HOME BALLAST` fills the disk that both lie on, makes room by
 * removing the ballast, and prints what became of the store as JSON. Nobody warns the store before the disk is full.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { type Disk, realDisk } from '../../../../src/node/io/store/disk.ts'
import { openStore } from '../../../../src/node/io/store/level-store.ts'
import type { StoredBlock } from '../../../../src/node/store.ts'
import { describeBlock, recordBlock } from '../../../contract/blocks.ts'
import { codeOfCall, hex } from '../../../contract/store.ts'

const BALLAST_BYTES = 40 * 1024 * 1024

const [home = '', ballast = ''] = process.argv.slice(2)
const disk: Disk = { ...realDisk, freeBytes: async () => 1e12 }
const random = seededRandom('small disk')
writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES, 1))
const open = () => openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock, disk })

let store = await open()
const acknowledged: StoredBlock[] = []
const append = async (): Promise<string | undefined> => {
  const block = recordBlock(random, { bodyBytes: 60_000 })
  const code = await codeOfCall(store.append('shelf', [block], { sync: true }))
  if (code === undefined) acknowledged.push(block)
  return code
}
const readable = async (): Promise<number> => {
  let count = 0
  for (const { id, bytes } of acknowledged) if (hex((await store.get([id]))[0]) === hex(bytes)) count++
  return count
}

let code: string | undefined
while (code === undefined) code = await append()
const found: Record<string, unknown> = {
  code,
  trouble: store.usage().trouble,
  acknowledged: acknowledged.length,
  readWhileFull: await readable(),
  codeStillFull: await append(),
}
rmSync(ballast)
found.codeWithRoom = await append()
found.troubleWithRoom = store.usage().trouble
await store.close()
store = await open()
found.readAgain = await readable()
found.damaged = (await store.scrub()).damaged
await store.close()
process.stdout.write(JSON.stringify(found))
