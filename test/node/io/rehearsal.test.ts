/** The rehearsal of a node that has just started: what it finds out, and that it steps back. */
import test from 'brittle'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { asSheafError, SheafError } from '../../../src/base/errors.ts'
import { networkOf } from '../../../src/base/network.ts'
import { type CutText, cutText } from '../../../src/content/piece.ts'
import { type Checked, type CheckRequest, checkItems } from '../../../src/node/checking.ts'
import { type RehearsalOptions, rehearse } from '../../../src/node/io/rehearsal.ts'

const network = networkOf('rehearsal', 20)
const crypto = loadCrypto()
const cut = (texts: readonly Uint8Array[]): CutText[] => texts.map(cutText)
const check = (request: CheckRequest): Checked[] => checkItems(request, network, crypto.verify.bind(crypto))

async function failureOf(options: Partial<RehearsalOptions>): Promise<string | undefined> {
  try {
    await rehearse({
      network,
      crypto,
      readers: 1,
      checker: { check, cut },
      whenIdle: async () => {},
      ...options,
    })
    return undefined
  } catch (error) {
    return asSheafError(error).code
  }
}

test('rehearsal - a build that works gets through', async (t) => {
  t.is(await failureOf({}), undefined)
})

test('rehearsal - a build whose checks let nothing through is found out', async (t) => {
  const refusing = (request: CheckRequest): Checked[] =>
    request.items.map(() => ({ ok: false, code: 'BAD_SIGNATURE', message: 'planted' }))
  t.is(await failureOf({ checker: { check: refusing, cut } }), 'INTERNAL')
})

test('rehearsal - a crypto that verifies nothing is found out', async (t) => {
  const blind = { ...crypto, verify: () => false }
  t.ok(await failureOf({ crypto: blind }))
})

test('rehearsal - it ends at whatever moment the node has something else to do for good', async (t) => {
  const checkers = { here: check, beside: async (request: CheckRequest) => check(request) }
  for (const [name, beginCheck] of Object.entries(checkers)) {
    const endings = new Set<string | undefined>()
    // Slices are cut by the clock: how many looks a rehearsal takes is not known before.
    for (let looksMax = 0; !endings.has(undefined); looksMax += 1 + (looksMax >> 2)) {
      let looks = 0
      const whenIdle = async (): Promise<void> => {
        looks += 1
        if (looks > looksMax) throw new SheafError('CANCELLED', 'the node is stopping')
      }
      endings.add(await failureOf({ whenIdle, readers: 1, checker: { check: beginCheck, cut } }))
    }
    t.alike([...endings], ['CANCELLED', undefined], `checked ${name}`)
  }
})

test('rehearsal - a node that is busy for hours in the middle of it misses no deadline', async (t) => {
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  let hours = 0
  Date.now = () => now() + hours * 3_600_000
  const whenIdle = async (): Promise<void> => {
    hours += 1
  }
  t.is(await failureOf({ whenIdle }), undefined)
  t.ok(hours > 1)
})
