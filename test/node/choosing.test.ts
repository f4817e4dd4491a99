/** The order in which peers are asked and given something, without nodes and links. */
import test from 'brittle'
import fc from 'fast-check'
import { IdMap } from '../../src/base/id-map.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { nearestFirst } from '../../src/node/choosing.ts'
import type { Connection, Node } from '../../src/node/node.ts'
import { distanceOf } from '../../src/node/shards.ts'
import { parameters } from '../helpers/seed.ts'

const PLACE = new Uint8Array(32)

/** Peers at these distances from PLACE, and a node that thinks so well of each. */
function circle(
  distances: readonly number[],
  scores: readonly number[] = [],
): { node: Node; peers: Connection[] } {
  const scoreOf = new IdMap<number>()
  const peers = distances.map((distance, i) => {
    const device = Uint8Array.of(0, 0, 0, 0, 0, distance, ...new Uint8Array(26))
    scoreOf.set(device, scores[i] ?? 0)
    return { device } as Connection
  })
  const standing = { explain: (device: Uint8Array) => ({ score: scoreOf.get(device), why: [] }) }
  const reach = { distance: ({ device }: Connection, place: Uint8Array) => distanceOf(device, place) }
  return { node: { env: { nowMs: () => 0, standing }, reach } as unknown as Node, peers }
}

const distancesOf = (peers: readonly Connection[]): number[] => peers.map(({ device }) => device[5]!)

test('choosing - the nearest go first, each third is taken by standing, who did harm goes last', (t) => {
  const { node, peers } = circle([9, 8, 7, 6, 5, 4, 1], [0, 0, 0, 0, 0, 0, -0.5])
  t.alike(distancesOf(nearestFirst(node, peers, [PLACE])), [4, 5, 9, 6, 7, 8, 1])
  t.alike(nearestFirst(node, peers, []), peers, 'no place, no nearness')
})

test('choosing - each peer once, and publisher and reader of different standing meet at two of the first three', (t) => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 3, maxLength: 40 })
  fc.assert(
    fc.property(some, fc.string(), (distances, seed) => {
      const { node, peers } = circle(distances)
      const writer = distancesOf(nearestFirst(node, peers, [PLACE]))
      const reader = distancesOf(nearestFirst(node, shuffled(peers, seededRandom(seed)), [PLACE]))
      const sorted = [...distances].sort((a, b) => a - b)
      return (
        [...writer].sort((a, b) => a - b).every((one, i) => one === sorted[i]) &&
        [writer, reader].every(([first, second]) => first === sorted[0] && second === sorted[1])
      )
    }),
    parameters(),
  )
  t.pass()
})
