/** What a busy node and its clients make of each other: who waits, who is served first, who comes back. */
import test from 'brittle'
import { EFFORT_CAP } from '../../src/node/effort.ts'
import { DROP_AFTER_MS, PLACES } from '../../src/node/queue.ts'
import { EFFORT_FLOOR } from '../../src/ranking/standing.ts'
import { Halves } from '../helpers/halves.ts'

const INTRODUCE = { type: 'introduce' as const }
const busies = ({ said }: Halves) =>
  said.filter(({ from, name }) => from === 'server' && name === 'refuse').length

test('admission - an idle node serves at once: nothing waits, and the price is the floor', (t) => {
  const halves = new Halves(1)
  const one = halves.add('one')
  const asked = one.ask(INTRODUCE)
  t.is(halves.serving.length, 1)
  t.alike(one.bids, [EFFORT_FLOOR])
  halves.end()
  t.is(asked.outcome, 'found')
  t.ok(one.server.isOpen)
})

test('admission - a stranger that is dropped opens no session, is told BUSY, and gets in with a higher bid', (t) => {
  const halves = new Halves(1)
  halves.add('first').ask(INTRODUCE)
  const late = halves.add('late')
  const asked = late.ask(INTRODUCE)
  t.absent(late.server.isOpen)
  halves.advance(DROP_AFTER_MS)
  t.is(busies(halves), 1)
  t.absent(late.server.isOpen)
  t.is(asked.outcome, undefined, 'it has not given up')
  halves.advance(1_000)
  t.alike(late.bids, [EFFORT_FLOOR, 2 * EFFORT_FLOOR])
  halves.end(1)
  halves.end(1)
  t.is(asked.outcome, 'found')
  halves.advance(2_000)
  t.ok(late.server.isOpen && late.client.isOpen, 'thanked and welcomed: both have the same transcript')
  t.alike(halves.faults, [], 'and nobody is to blame')
})

test('admission - who is turned away again and again fails with BUSY, not with a time-out, within its deadline', (t) => {
  const halves = new Halves(0)
  const started = halves.nowMs
  const first = halves.add('patient')
  const patient = first.ask(INTRODUCE, 250_000)
  const hasty = halves.add('hasty')
  const soon = hasty.ask(INTRODUCE, 18_000)
  halves.advance(18_000)
  t.is(soon.outcome, 'BUSY', 'its second attempt was waiting its turn')
  halves.advance(180_000)
  t.is(patient.outcome, 'BUSY')
  t.ok(halves.nowMs < started + 200_000, 'before its deadline')
  t.is(first.bids.length, 6)
  t.alike(halves.faults, [])
})

test('admission - the higher bid of two strangers goes first, whoever came first', (t) => {
  const halves = new Halves(1)
  halves.add('first').ask(INTRODUCE)
  const [low, high] = [halves.add('low'), halves.add('high')]
  low.ask(INTRODUCE)
  halves.advance(DROP_AFTER_MS)
  halves.advance(1_000)
  high.ask(INTRODUCE)
  halves.end(1)
  t.is(halves.serving[0]?.peer, low.atServer, 'it bids twice as much by now')
})

test('admission - queries of a window go on while strangers fill the queue', (t) => {
  const halves = new Halves(1)
  const known = halves.add('known')
  known.ask(INTRODUCE)
  halves.end()
  halves.advance(2_000)
  for (let i = 0; i < 40; i++) halves.add(`stranger ${i}`).ask(INTRODUCE)
  const asked = [known.ask(INTRODUCE), known.ask(INTRODUCE)]
  halves.end(1)
  halves.end(1)
  halves.end(1)
  t.is(asked[0]!.outcome, 'found')
  halves.end(1)
  halves.end(1)
  t.is(asked[1]!.outcome, 'found')
})

test('admission - a window query that was dropped is asked again; a refusal inside a session keeps both transcripts alike', (t) => {
  const halves = new Halves(1)
  const known = halves.add('known')
  known.ask(INTRODUCE)
  halves.end()
  halves.advance(2_000)
  halves.add('slow').ask(INTRODUCE)
  const asked = known.ask(INTRODUCE)
  halves.advance(DROP_AFTER_MS)
  t.is(busies(halves), 1)
  t.is(asked.outcome, undefined)
  halves.end(1)
  halves.advance(1_000)
  halves.end()
  t.is(asked.outcome, 'found')
  halves.advance(2_000)
  t.alike(halves.faults, [])
})

test('admission - the quoted price follows the queue, and a client refuses what is above its budget', (t) => {
  const halves = new Halves(0)
  const prices: number[] = []
  for (let i = 0; i < PLACES + 20; i++) {
    const one = halves.add(`stranger ${i}`)
    one.ask({ type: 'blocks', ids: [new Uint8Array(32)], certify: false })
    prices.push(one.bids[0] ?? Number.POSITIVE_INFINITY)
    if (one.bids[0]! > 16 * EFFORT_FLOOR) break // the search is real
  }
  t.is(prices[0], EFFORT_FLOOR)
  t.alike(
    prices,
    [...prices].sort((a, b) => a - b),
  )
  t.ok(prices.at(-1)! > 16 * EFFORT_FLOOR && prices.at(-1)! < EFFORT_CAP)
  const introducing = halves.add('introducing').ask(INTRODUCE)
  t.is(introducing.outcome, undefined)
})

test('admission - a stranger with a first query that waits is not let in with a second', (t) => {
  const halves = new Halves(1)
  halves.add('first').ask(INTRODUCE)
  const one = halves.add('one')
  const first = one.ask(INTRODUCE, 5_000)
  halves.advance(5_000)
  t.is(first.outcome, 'TIMEOUT')
  const second = one.ask(INTRODUCE)
  t.is(one.bids.length, 1, 'what becomes of the first is not known yet')
  halves.advance(DROP_AFTER_MS)
  t.is(one.bids.length, 2)
  halves.end(1)
  halves.end(1)
  t.is(second.outcome, 'found')
  halves.advance(2_000)
  t.alike(halves.faults, [])
})

test('admission - who is gone leaves the queue', (t) => {
  const halves = new Halves(0)
  const one = halves.add('one')
  one.ask(INTRODUCE)
  t.is(halves.queue.waiting('earned'), 1)
  one.server.end()
  t.is(halves.queue.waiting('earned'), 0)
})
