/** What every standing does, whatever it makes of what it sees. `standingContract` runs the suite over one kind of it. */
import test from 'brittle'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/seeded.ts'
import type { EvidenceSink, Observation } from '../../src/ranking/evidence.ts'
import type { Standing } from '../../src/ranking/standing.ts'
import { hex } from '../helpers/bytes.ts'
import { observations } from '../helpers/observations.ts'
import { parameters } from '../helpers/seed.ts'

const NOW_MS = 1_800_000_000_000
/** More than a node ever pays for one query: a price beyond it is no price. */
const PRICE_MAX = 2 ** 40

const device = (number: number): Uint8Array => new Uint8Array(32).fill(number)

export function standingContract(name: string, make: () => Standing & EvidenceSink): void {
  const seen = (standing: EvidenceSink, who: number, ...all: Observation[]): void => {
    for (const one of all) standing.observe(device(who), one, NOW_MS)
  }

  test(`${name} - a stranger pays, gets a window, and must be certified`, (t) => {
    const standing = make()
    t.ok(standing.price(device(1), NOW_MS) > 0)
    t.ok(standing.window(device(1), NOW_MS) >= 1)
    t.is(standing.isVetted(device(1), NOW_MS), false)
    t.ok(standing.explain(device(1), NOW_MS).why.length > 0, 'and is told why')
  })

  test(`${name} - who earned and thanked pays no more than a stranger`, (t) => {
    const standing = make()
    const strangers = standing.price(device(9), NOW_MS)
    seen(standing, 1, { type: 'earned', bid: 1024 }, { type: 'thanked' })
    t.ok(standing.price(device(1), NOW_MS) <= strangers)
  })

  test(`${name} - who breaks the protocol pays no less, and is not vetted by doing so`, (t) => {
    const standing = make()
    const strangers = standing.price(device(9), NOW_MS)
    seen(standing, 1, { type: 'earned', bid: 1024 })
    for (let i = 0; i < 50; i++) seen(standing, 1, { type: 'misbehaved', code: 'BAD_WORK' })
    t.ok(standing.price(device(1), NOW_MS) >= strangers)
    t.ok(standing.window(device(1), NOW_MS) <= standing.window(device(9), NOW_MS))
    t.is(standing.isVetted(device(1), NOW_MS), false)
  })

  test(`${name} - one wrong answer ends being vetted`, (t) => {
    const standing = make()
    const served: Observation = { type: 'served', bytes: 65_536, results: 64, firstByteMs: 1, tookMs: 10 }
    for (let i = 0; i < 1_000; i++) seen(standing, 1, served, { type: 'welcomed' })
    t.is(standing.isVetted(device(1), NOW_MS), true, 'a thousand right answers suffice')
    seen(standing, 1, { type: 'wrong bytes', code: 'BAD_HASH', certified: true })
    t.is(standing.isVetted(device(1), NOW_MS), false)
  })

  test(`${name} - who serves is asked before a stranger, who lies or stalls after one`, (t) => {
    const standing = make()
    for (let i = 0; i < 20; i++) {
      seen(standing, 1, { type: 'served', bytes: 1_000, results: 1, firstByteMs: 1, tookMs: 1 })
      seen(standing, 3, { type: 'wrong bytes', code: 'BAD_HASH', certified: true })
      seen(standing, 4, { type: 'timed out' })
    }
    for (let i = 0; i < 10; i++) {
      const order = standing.order([4, 3, 2, 1].map(device), seededRandom(i), NOW_MS).map((one) => one[0])
      t.alike(order.slice(0, 2), [1, 2])
    }
    t.ok(standing.explain(device(1), NOW_MS).score > standing.explain(device(2), NOW_MS).score)
    t.ok(standing.explain(device(3), NOW_MS).score < standing.explain(device(2), NOW_MS).score)
  })

  test(`${name} - asks strangers in an even order, so that each gets its chance`, (t) => {
    const standing = make()
    const first = new Map<number, number>()
    for (let i = 0; i < 300; i++) {
      const [one] = standing.order([1, 2, 3].map(device), seededRandom(i), NOW_MS)
      first.set(one![0]!, (first.get(one![0]!) ?? 0) + 1)
    }
    for (const number of [1, 2, 3]) t.ok((first.get(number) ?? 0) > 60)
  })

  test(`${name} - whatever it sees: whole prices in range, every device in the order once, the same again from one seed`, (t) => {
    const step = fc.record({ who: fc.nat(5), what: observations })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const standing = make()
        for (const { who, what } of steps) seen(standing, who, what)
        const devices = [0, 1, 2, 3, 4, 5].map(device)
        const order = () => standing.order(devices, seededRandom(seed), NOW_MS).map(hex)
        const inRange = devices.every((one) => {
          const price = standing.price(one, NOW_MS)
          const window = standing.window(one, NOW_MS)
          const { score, why } = standing.explain(one, NOW_MS)
          return (
            Number.isSafeInteger(price) &&
            price >= 0 &&
            price <= PRICE_MAX &&
            Number.isSafeInteger(window) &&
            window >= 1 &&
            Number.isFinite(score) &&
            why.length > 0
          )
        })
        const [once, again] = [order(), order()]
        return (
          inRange &&
          once.join() === again.join() &&
          [...once].sort().join() === devices.map(hex).sort().join()
        )
      }),
      parameters(),
    )
    t.pass()
  })

  test(`${name} - forgets the oldest rather than grow without end`, (t) => {
    const standing = make()
    const id = Buffer.alloc(32)
    for (let i = 0; i < 50_000; i++) {
      id.writeUInt32LE(i)
      standing.observe(Uint8Array.from(id), { type: 'earned', bid: 1 }, NOW_MS)
    }
    id.writeUInt32LE(0)
    t.is(standing.price(id, NOW_MS), standing.price(device(9), NOW_MS), 'the first is a stranger again')
  })
}
