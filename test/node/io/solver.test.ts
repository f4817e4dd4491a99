/** Searches in a thread of their own. */
import test from 'brittle'
import { sha256 } from '../../../src/base/hash.ts'
import { Searches, SMALL_BID_MAX } from '../../../src/node/io/searches.ts'
import { type Solver, type SolverEvents, solverOf } from '../../../src/node/io/solver.ts'
import { judgeProofs, Search } from '../../../src/node/work.ts'
import { utf8 } from '../../helpers/bytes.ts'

const LARGE = SMALL_BID_MAX * 8
const seedOf = (name: string): Uint8Array => sha256(utf8(name))

test('solver - what the thread finds shows its work, and how far it is was told in order', async (t) => {
  const shares: number[] = []
  const found = new Map<number, Uint8Array[]>()
  await new Promise<void>((resolve) => {
    const searches = new Searches({
      found: (token, proofs) => {
        found.set(token, proofs)
        if (found.size === 3) {
          searches.close()
          resolve()
        }
      },
      progress: (token, share) => token === 1 && shares.push(share),
      solver: solverOf,
    })
    for (const token of [1, 2, 3]) searches.begin(token, token, new Search(seedOf(`${token}`), LARGE))
  })
  for (const [token, proofs] of found) t.absent(judgeProofs(seedOf(`${token}`), LARGE, Buffer.concat(proofs)))
  t.ok(shares.length > 0)
  t.alike(shares, [...shares].sort())
  t.ok(shares.every((share) => share > 0 && share < 1))
})

test('solver - one that is cancelled is not heard of again, and its place is free', async (t) => {
  const found = await new Promise<number[]>((resolve) => {
    const tokens: number[] = []
    const searches = new Searches({
      found: (token) => {
        tokens.push(token)
        searches.close()
        resolve(tokens)
      },
      solver: solverOf,
    })
    for (const token of [1, 2]) searches.begin(token, token, new Search(seedOf(`${token}`), 2 ** 40))
    searches.begin(3, 3, new Search(seedOf('3'), LARGE))
    searches.cancel(1)
    searches.gone(2)
  })
  t.alike(found, [3])
})

test('solver - where the thread is lost the searches go on here; and small ones never leave', async (t) => {
  let events: SolverEvents | undefined
  const begun: number[] = []
  const lame = (given: SolverEvents): Solver => {
    events = given
    return { begin: (token) => begun.push(token), cancel: () => {}, close: () => {} }
  }
  const found: number[] = []
  await new Promise<void>((resolve) => {
    const searches = new Searches({
      found: (token) => {
        found.push(token)
        if (found.length === 2) resolve()
      },
      solver: lame,
    })
    searches.begin(1, 1, new Search(seedOf('1'), LARGE))
    searches.begin(2, 2, new Search(seedOf('2'), 1_000))
    events!.lost()
  })
  t.alike(begun, [1])
  t.alike(found, [2, 1])
})
