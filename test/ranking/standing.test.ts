import test from 'brittle'
import { EFFORT_FLOOR, FirstStanding } from '../../src/ranking/standing.ts'
import { evidenceContract } from '../contract/evidence.ts'
import { standingContract } from '../contract/standing.ts'

standingContract('first standing', () => new FirstStanding())
evidenceContract('first standing', () => new FirstStanding())

const device = new Uint8Array(32)

test('first standing - a stranger pays about a millisecond, a welcomed peer nothing', (t) => {
  const standing = new FirstStanding()
  t.is(standing.price(device), EFFORT_FLOOR)
  standing.observe(device, { type: 'earned', bid: EFFORT_FLOOR })
  t.is(standing.price(device), 0)
})

test('first standing - each breach doubles the price, up to a thousand times', (t) => {
  const standing = new FirstStanding()
  standing.observe(device, { type: 'earned', bid: 1 })
  const prices = Array.from({ length: 12 }, () => {
    standing.observe(device, { type: 'misbehaved', code: 'BAD_WORK' })
    return standing.price(device)
  })
  t.alike(
    prices.slice(0, 3),
    [2, 4, 8].map((times) => times * EFFORT_FLOOR),
  )
  t.is(prices.at(-1), 1024 * EFFORT_FLOOR)
})

test('first standing - says in words what it saw', (t) => {
  const standing = new FirstStanding()
  t.alike(standing.explain(device), { score: 0, why: ['nothing seen of it yet'] })
  standing.observe(device, { type: 'welcomed' })
  standing.observe(device, { type: 'timed out' })
  t.alike(standing.explain(device).why, ['1 welcomes', '1 time-outs'])
})
