import test from 'brittle'
import fc from 'fast-check'
import { networkOf } from '../../src/base/network.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { type VerifiedVersion, verifyBlock } from '../../src/content/block.ts'
import { ownHeads, versionTips } from '../../src/content/heads.ts'
import { historyOf } from '../../src/content/history.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import type { Page, Space } from '../../src/content/space.ts'
import { tipsOf } from '../../src/content/tips.ts'
import { type Actor, actor, contextOf, START_MS } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const network = networkOf('test', 4)
const people = ['ada', 'bo', 'cy'].map((name) => actor(name, network))
const [ada, bo, cy] = people as [Actor, Actor, Actor]
const context = contextOf(network, people)
const HERS: Page = { space: { type: 'entity', id: ada.entity }, path: 'bees' }
const COMMON: Page = { space: { type: 'group', id: ada.entity }, path: 'bees' }

let made = 0

function version(
  who: Actor,
  page: Page,
  parents: VerifiedVersion[] = [],
  timeMs = START_MS,
): VerifiedVersion {
  const nonce = Buffer.alloc(8)
  nonce.writeUInt32LE(made++)
  const draft = { ...page, text: utf8('x'), parents: parents.map(({ id }) => id), summary: '', timeMs, nonce }
  const [sealed] = compressSignMarkdown([draft], who.identity.author)
  const block = verifyBlock(sealed!.block, context)
  if (block.type !== 'version') throw new Error('no version')
  return block
}

const smallest = (...versions: VerifiedVersion[]): string => versions.map(({ id }) => hex(id)).sort()[0]!

/*  one ── two ── four      the merge of two and three is the only tip
 *     └── three ──┘                                                     */
test('heads - of a history without an open fork the end is the head', (t) => {
  const one = version(bo, COMMON)
  const two = version(bo, COMMON, [one])
  const three = version(cy, COMMON, [one])
  const forked = ownHeads().resolveVersion(COMMON, [one, two, three])
  t.is(forked?.tips.length, 2)
  t.is(forked?.why, 'smallest id')
  t.is(hex(forked!.version.id), smallest(two, three))
  const four = version(bo, COMMON, [two, three])
  const head = ownHeads().resolveVersion(COMMON, [four, three, two, one])
  t.is(hex(head!.version.id), hex(four.id))
  t.is(head?.why, 'only tip')
  t.is(ownHeads().resolveVersion(COMMON, []), undefined)
})

test('heads - at a fork the more trusted author is followed, and never who claims to be later', (t) => {
  const one = version(bo, COMMON, [], START_MS)
  const two = version(cy, COMMON, [], START_MS - 10 ** 9)
  const trust = (entity: Uint8Array) => (hex(entity) === hex(cy.entity) ? 1 : 0)
  const head = ownHeads(trust).resolveVersion(COMMON, [one, two])
  t.is(hex(head!.version.id), hex(two.id))
  t.is(head?.why, 'most trusted author')
  const later = version(bo, COMMON, [], START_MS + 1)
  t.is(hex(ownHeads().resolveVersion(COMMON, [one, later])!.version.id), smallest(one, later))
})

/*  hers ── by bo       bo's lies on top of ada's and replaces nothing in her space */
test("heads - in a person's space what others put on top stays beside", (t) => {
  const hers = version(ada, HERS)
  const onTop = version(bo, HERS, [hers])
  const onTopOfThat = version(cy, HERS, [onTop])
  const head = ownHeads(() => 9).resolveVersion(HERS, [onTopOfThat, onTop, hers])
  t.is(hex(head!.version.id), hex(hers.id))
  t.is(head?.why, 'owner of the space')
  t.alike(head?.tips.map(({ id }) => hex(id)).sort(), [hers, onTopOfThat].map(({ id }) => hex(id)).sort())
  const taken = version(ada, HERS, [hers, onTopOfThat])
  const joined = ownHeads().resolveVersion(HERS, [taken, onTopOfThat, onTop, hers])
  t.is(hex(joined!.version.id), hex(taken.id))
  t.is(joined?.why, 'only tip', 'until its owner takes it up')
  const byWayOf = version(ada, HERS, [onTopOfThat])
  const through = ownHeads().resolveVersion(HERS, [byWayOf, onTopOfThat, onTop, hers])
  t.is(through?.why, 'only tip', 'also where the owner names only what was put on top')
})

test("heads - the owner's own fork is resolved among the owner's", (t) => {
  const [one, two] = [version(ada, HERS), version(ada, HERS)]
  const other = version(bo, HERS)
  const trust = (entity: Uint8Array) => (hex(entity) === hex(bo.entity) ? 1 : 0)
  const head = ownHeads(trust).resolveVersion(HERS, [one, other, two])
  t.is(hex(head!.version.id), smallest(one, two))
  t.is(head?.why, 'smallest id')
})

test('heads - the same versions have the same head and the same tips in any order, also twice', (t) => {
  const step = fc.record({ who: fc.nat(2), parents: fc.array(fc.nat(20), { maxLength: 3 }) })
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.nat(),
      (steps, isHers, seed) => {
        const page = isHers ? HERS : COMMON
        const versions: VerifiedVersion[] = []
        for (const { who, parents } of steps) {
          const chosen = new Set(parents.filter((at) => at < versions.length))
          versions.push(
            version(
              people[who]!,
              page,
              [...chosen].map((at) => versions[at]!),
            ),
          )
        }
        const resolver = ownHeads((entity) => entity[0]! % 3)
        const first = resolver.resolveVersion(page, versions)!
        const mixed = shuffled([...versions, ...versions.slice(0, 3)], seededRandom(seed))
        const again = resolver.resolveVersion(page, mixed)!
        const tips = (list: VerifiedVersion[]) => list.map(({ id }) => hex(id)).join()
        return (
          hex(first.version.id) === hex(again.version.id) &&
          first.why === again.why &&
          tips(first.tips) === tips(again.tips) &&
          first.tips.some(({ id }) => hex(id) === hex(first.version.id)) &&
          tips(versionTips(versions)) === tips(first.tips) &&
          tips(historyOf(mixed).heads.map(({ version }) => version)) === tips(first.tips)
        )
      },
    ),
    parameters({ numRuns: 60 }),
  )
  t.pass()
})

test('tips - what a server sends names the owner first, however many others crowd in', (t) => {
  const hers = version(ada, HERS)
  const others = Array.from({ length: 40 }, () => version(bo, HERS, [hers]))
  const tips = tipsOf([...others, hers].map(({ record }) => record))
  t.is(tips.length, 41)
  t.is(hex(tips[0]!.id), hex(hers.id))
})

test('tips - a record that nobody has seen may be named as replaced', (t) => {
  const lost = version(bo, COMMON)
  const one = version(bo, COMMON, [lost])
  t.alike(
    tipsOf([one.record]).map(({ id }) => hex(id)),
    [hex(one.id)],
  )
  t.alike(tipsOf([]), [])
})

test('tips - keys and certificates are all tips: none replaces another', (t) => {
  const records = people.flatMap(({ genesis }) => [genesis])
  t.is(tipsOf(records).length, 3)
  const space: Space = { type: 'entity', id: ada.entity }
  t.is(tipsOf([version(ada, { space, path: 'a' }).record, ada.genesis]).length, 2)
})
