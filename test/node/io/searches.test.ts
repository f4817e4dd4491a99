/** Searches that share a thread: what a hostile server asks for delays nobody else and ends with its link. */
import test from 'brittle'
import { sha256 } from '../../../src/base/hash.ts'
import { LARGE_AT_ONCE, Searches, SMALL_BID_MAX } from '../../../src/node/io/searches.ts'
import { judgeProofs, Search } from '../../../src/node/work.ts'
import { utf8 } from '../../helpers/bytes.ts'

/** A search that counts its slices and finds nothing before slice `ends`. */
class Counted extends Search {
  slices = 0
  readonly ends: number

  constructor(bid: number, ends = Number.POSITIVE_INFINITY) {
    super(new Uint8Array(32), bid)
    this.ends = ends
  }

  override run(): Uint8Array[] | undefined {
    this.slices += 1
    return this.slices < this.ends ? undefined : []
  }
}

/** Searches whose turns come when `turn` says so. */
function bench(): {
  searches: Searches
  found: number[]
  turn: (times: number) => void
  waits: () => number
} {
  const due: (() => void)[] = []
  const found: number[] = []
  const searches = new Searches({
    found: (token) => found.push(token),
    later: (work) => due.push(work),
  })
  const turn = (times: number): void => {
    for (let i = 0; i < times; i++) due.shift()?.()
  }
  return { searches, found, turn, waits: () => due.length }
}

const LARGE = 8_000_000

test('searches - so many large ones run at a time, the others wait, the smallest first', (t) => {
  const { searches, found, turn } = bench()
  const all = [LARGE, LARGE + 1, LARGE + 3, LARGE + 2].map(
    (bid, i) => new Counted(bid, i === 0 ? 5 : undefined),
  )
  for (const [token, search] of all.entries()) searches.begin(token, token, search)
  turn(8)
  t.is(LARGE_AT_ONCE, 2)
  t.alike(
    all.map(({ slices }) => slices),
    [4, 4, 0, 0],
  )
  turn(3)
  t.alike(found, [0])
  turn(10)
  t.alike(
    all.map(({ slices }) => slices > 4),
    [true, true, false, true],
  )
})

test('searches - a small one does not wait for large ones, and one turn is one slice', (t) => {
  const { searches, found, turn, waits } = bench()
  for (let i = 0; i < 5; i++) searches.begin(i, i, new Counted(LARGE))
  searches.begin(9, 9, new Counted(SMALL_BID_MAX, 3))
  t.is(waits(), 1)
  turn(6)
  t.alike(found, [9])
  t.is(waits(), 1)
})

test('searches - one that is cancelled, or whose link is gone, ends, and the next has its place', (t) => {
  const { searches, turn, waits } = bench()
  const all = [1, 1, 2, 3].map((peer, token) => {
    const search = new Counted(LARGE)
    searches.begin(token, peer, search)
    return search
  })
  turn(4)
  searches.gone(1)
  turn(4)
  t.alike(
    all.map(({ slices }) => slices),
    [2, 2, 2, 2],
  )
  searches.cancel(2)
  turn(4)
  t.alike(
    all.map(({ slices }) => slices),
    [2, 2, 2, 6],
  )
  searches.close()
  turn(4)
  t.is(all[3]!.slices, 6)
  t.is(waits(), 0, 'nothing is left that would run')
})

test('searches - what is found shows its work, and nothing is needed for no effort', async (t) => {
  const seed = sha256(utf8('seed'))
  const proofs = await new Promise<Uint8Array[]>((resolve) => {
    new Searches({ found: (_token, found) => resolve(found) }).begin(1, undefined, new Search(seed, 20_000))
  })
  t.absent(judgeProofs(seed, 20_000, Buffer.concat(proofs)))
  const { searches, found } = bench()
  searches.begin(2, undefined, new Search(seed, 0))
  t.alike(found, [2])
})
