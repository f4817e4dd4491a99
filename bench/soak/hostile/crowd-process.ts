/** The process of those who attack: `crowd-process.ts HOME SEED RATE`. Its parent says up to how many messages; it says when they were taken. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { seededRandom } from '../../../src/base/seeded.ts'
import { START_MS } from '../../../test/helpers/actor.ts'
import { NETWORK, target } from './besieged.ts'
import { Crowd } from './crowd.ts'
import { Links } from './wire.ts'

export interface Attacked {
  said: number
  opened: number
}

const FIRST_LINK = 1_000

const [home = '', seed = '', rate = ''] = process.argv.slice(2)
const socket = connect(join(home, 'links'))
// The besieged process ended: its parent sees that too.
socket.on('error', () => process.exit(1)).on('close', () => process.exit(1))
const links = new Links(socket, {
  network: NETWORK,
  nowMs: START_MS,
  device: target(seed).device.publicKey,
  firstLink: FIRST_LINK,
})
const crowd = new Crowd(links, seededRandom(`${seed} crowd`))
process.on('message', (upTo: number) => {
  void crowd.attack(upTo, Number(rate)).then(() => process.send!({ said: crowd.said, opened: crowd.opened }))
})
process.on('disconnect', () => process.exit(1))
process.send!({ said: 0, opened: 0 } satisfies Attacked)
