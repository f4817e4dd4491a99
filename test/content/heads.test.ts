import test from 'brittle'
import fc from 'fast-check'
import { networkOf } from '../../src/base/network.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { formBlock, type VerifiedVersion, verifyBlock } from '../../src/content/block.ts'
import { BOOKMARK, type Bookmark, bookmarkBody, bookmarksAmong } from '../../src/content/bookmark.ts'
import { type Head, ownHeads, versionTips } from '../../src/content/heads.ts'
import { historyOf } from '../../src/content/history.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import { signRecord } from '../../src/content/record.ts'
import type { Page, Space } from '../../src/content/space.ts'
import { tipsOf } from '../../src/content/tips.ts'
import { type Actor, actor, contextOf, START_MS } from '../helpers/actor.ts'
import { hex, plain, utf8 } from '../helpers/bytes.ts'
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
  const head = ownHeads({ trustOf: trust }).resolveVersion(COMMON, [one, two])
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
  const head = ownHeads({ trustOf: () => 9 }).resolveVersion(HERS, [onTopOfThat, onTop, hers])
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
  const head = ownHeads({ trustOf: trust }).resolveVersion(HERS, [one, other, two])
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
        const resolver = ownHeads({ trustOf: (entity) => entity[0]! % 3 })
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

/** A bookmark of somebody, as its verified record says it. */
function marks(
  who: Actor,
  page: Page,
  named: VerifiedVersion | undefined,
  replaces: Bookmark[] = [],
): Bookmark {
  const { author } = who.identity
  const body = bookmarkBody(page, named?.id, { signer: author.entity, replaces })
  const nonce = Buffer.alloc(8)
  nonce.writeUInt32LE(made++)
  const draft = { kind: BOOKMARK, signer: author.entity, key: author.key, timeMs: START_MS, nonce, body }
  const block = verifyBlock(formBlock(signRecord(draft, network, author.sign)), context)
  return bookmarksAmong([block])[0]!
}

const idOf = (head: Head | undefined): string | undefined => head && hex(head.version.id)

test("heads - the reader's own bookmark is the head, whatever came after it, until it is moved or taken back", (t) => {
  const one = version(bo, COMMON)
  const two = version(cy, COMMON, [one])
  const resolver = ownHeads({ reader: ada.entity, trustOf: () => 1 })
  const mine = marks(ada, COMMON, one)
  const head = resolver.resolveVersion(COMMON, [one, two], [mine, marks(cy, COMMON, two)])
  t.is(idOf(head), hex(one.id))
  t.is(head?.why, 'own bookmark')
  t.is(hex(head!.choices[0]!.by!), hex(mine.id))
  t.is(head?.tips.length, 1)
  const moved = marks(ada, COMMON, two, [mine])
  t.is(idOf(resolver.resolveVersion(COMMON, [one, two], [moved, mine])), hex(two.id))
  const back = marks(ada, COMMON, undefined, [moved])
  t.is(resolver.resolveVersion(COMMON, [one, two], [back, moved, mine])?.why, 'only tip')
  t.is(
    idOf(ownHeads({ reader: bo.entity }).resolveVersion(COMMON, [one, two], [mine])),
    hex(two.id),
    'for nobody else',
  )
  t.alike(resolver.pinned!(COMMON, [moved, mine]).map(hex), [hex(two.id)])
  t.is(
    resolver.resolveVersion(COMMON, [two], [mine])?.why,
    'only tip',
    'one that names what is not at hand decides nothing',
  )
})

test('heads - of two own bookmarks, from two devices at once, the later of a line holds, else the fork is decided as any other', (t) => {
  const one = version(bo, COMMON)
  const two = version(bo, COMMON, [one])
  const [left, right] = [version(bo, COMMON, [two]), version(cy, COMMON, [two])]
  const resolver = ownHeads({ reader: ada.entity })
  const line = resolver.resolveVersion(
    COMMON,
    [one, two, left, right],
    [marks(ada, COMMON, one), marks(ada, COMMON, two)],
  )
  t.is(idOf(line), hex(two.id))
  const fork = resolver.resolveVersion(
    COMMON,
    [one, two, left, right],
    [marks(ada, COMMON, left), marks(ada, COMMON, right)],
  )
  t.is(idOf(fork), smallest(left, right))
  t.alike(
    fork?.choices.map(({ rule }) => rule),
    ['own bookmark', 'smallest id'],
  )
})

test("heads - what the group decided comes before the reader's bookmark", (t) => {
  const [one, two] = [version(bo, COMMON), version(cy, COMMON)]
  const by = version(ada, COMMON).id
  const resolver = ownHeads({ reader: ada.entity, decisionOf: () => ({ version: two.id, by }) })
  const head = resolver.resolveVersion(COMMON, [one, two], [marks(ada, COMMON, one)])
  t.is(idOf(head), hex(two.id))
  t.is(head?.why, 'decision of the group')
  t.is(hex(head!.choices[0]!.by!), hex(by))
  t.alike(resolver.pinned!(COMMON, []).map(hex), [hex(two.id)])
  t.is(resolver.resolveVersion(COMMON, [one], [])?.why, 'only tip', 'where the version is not at hand')
})

/*  root ── left ── leftmost ── end        each of bo and cy has one bookmark, and each is counted once
 *    └──── right ── …                                                                                */
test('heads - at a fork the side of more trusted bookmarks, each person once, each bookmark for all before it', (t) => {
  const root = version(ada, COMMON)
  const [left, right] = [version(ada, COMMON, [root]), version(ada, COMMON, [root])]
  const middle = version(ada, COMMON, [left])
  const end = version(ada, COMMON, [middle])
  const versions = [root, left, middle, right, end]
  const trust = new Map([
    [hex(bo.entity), 2],
    [hex(cy.entity), 1],
  ])
  const resolver = ownHeads({ trustOf: (entity) => trust.get(hex(entity)) ?? 0 })
  t.is(resolver.resolveVersion(COMMON, versions, [])?.why, 'smallest id')
  const forBo = resolver.resolveVersion(COMMON, versions, [marks(bo, COMMON, left), marks(cy, COMMON, right)])
  t.is(idOf(forBo), hex(end.id))
  t.is(forBo?.why, 'more bookmarks')
  t.alike(
    forBo?.choices.map(({ at, chosen, among }) => [
      hex(at!),
      hex(chosen),
      among.map(({ bookmarks }) => bookmarks).sort(),
    ]),
    [[hex(root.id), hex(left.id), [1, 2]]],
  )
  const twice = [marks(cy, COMMON, left), marks(cy, COMMON, end), marks(bo, COMMON, right)]
  t.is(idOf(resolver.resolveVersion(COMMON, versions, twice)), hex(right.id), 'two of one person are one')
  const crowd = people.map((who) => marks(who, COMMON, right))
  const distrusted = ownHeads().resolveVersion(COMMON, versions, crowd)
  t.is(distrusted?.why, 'smallest id', 'who is not trusted adds nothing')
})

test('heads - a trusted author stands for the side that they built on, not only for its first version', (t) => {
  const root = version(ada, COMMON)
  const [left, right] = [version(ada, COMMON, [root]), version(ada, COMMON, [root])]
  const onRight = version(cy, COMMON, [right])
  const trust = (entity: Uint8Array) => (hex(entity) === hex(cy.entity) ? 0.3 : 0.1)
  const head = ownHeads({ trustOf: trust }).resolveVersion(COMMON, [root, left, right, onRight])
  t.is(idOf(head), hex(onRight.id))
  t.is(head?.why, 'most trusted author')
})

test("heads - in a person's space bookmarks of others decide only between the owner's own versions", (t) => {
  const hers = version(ada, HERS)
  const onTop = version(bo, HERS, [hers])
  const trust = { trustOf: () => 1 }
  const head = ownHeads(trust).resolveVersion(
    HERS,
    [hers, onTop],
    [marks(bo, HERS, onTop), marks(cy, HERS, onTop)],
  )
  t.is(idOf(head), hex(hers.id))
  t.is(head?.why, 'owner of the space')
  const own = ownHeads({ ...trust, reader: bo.entity }).resolveVersion(
    HERS,
    [hers, onTop],
    [marks(bo, HERS, onTop)],
  )
  t.is(idOf(own), hex(onTop.id), 'but for a reader their own bookmark does')
})

/** The head as it would be found by hand: whole sets, no bits, one step at each fork. */
function plainHead(
  versions: VerifiedVersion[],
  marked: Map<string, string[]>,
  trustOf: (id: string) => number,
): string {
  const byId = new Map(versions.map((one) => [hex(one.id), one]))
  const children = (id: string) =>
    [...byId.values()]
      .filter(({ version }) => version.parents.some((parent) => hex(parent) === id))
      .map(({ id }) => hex(id))
  const side = (id: string): Set<string> =>
    new Set([id, ...children(id).flatMap((child) => [...side(child)])])
  let open = [...byId.keys()].filter((id) =>
    byId.get(id)!.version.parents.every((parent) => !byId.has(hex(parent))),
  )
  let ends = new Set([...byId.keys()].filter((id) => children(id).length === 0))
  for (;;) {
    const weighed = open
      .filter((id) => [...side(id)].some((one) => ends.has(one)))
      .map((id) => {
        const whole = side(id)
        const bookmarks = [...marked].reduce(
          (sum, [who, ids]) => sum + (ids.some((one) => whole.has(one)) ? trustOf(who) : 0),
          0,
        )
        const trust = Math.max(...[...whole].map((one) => trustOf(hex(byId.get(one)!.record.signer))))
        return { id, whole, bookmarks, trust }
      })
      .sort((a, b) => b.bookmarks - a.bookmarks || b.trust - a.trust || (a.id < b.id ? -1 : 1))
    const { id, whole } = weighed[0]!
    ends = new Set([...ends].filter((one) => whole.has(one)))
    if (ends.size === 1) return [...ends][0]!
    open = children(id)
  }
}

test('heads - with bookmarks too the head is the same in any order, and the one that is found by hand', (t) => {
  const step = fc.record({ who: fc.nat(2), parents: fc.array(fc.nat(20), { maxLength: 3 }) })
  const mark = fc.record({ who: fc.nat(2), at: fc.nat(11), isKept: fc.boolean() })
  const steps = fc.array(step, { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(steps, fc.array(mark, { maxLength: 6 }), fc.nat(), (drawn, marked, seed) => {
      const versions: VerifiedVersion[] = []
      for (const { who, parents } of drawn) {
        const chosen = new Set(parents.filter((at) => at < versions.length))
        versions.push(
          version(
            people[who]!,
            COMMON,
            [...chosen].map((at) => versions[at]!),
          ),
        )
      }
      const bookmarks: Bookmark[] = []
      const standing = new Map<string, string[]>()
      for (const { who, at, isKept } of marked) {
        const [person, named] = [people[who]!, versions[at % versions.length]!]
        const before = bookmarks.filter(({ signer }) => hex(signer) === hex(person.entity))
        bookmarks.push(marks(person, COMMON, named, isKept ? [] : before))
        const key = hex(person.entity)
        standing.set(key, [...(isKept ? (standing.get(key) ?? []) : []), hex(named.id)])
      }
      const trust = (id: string) => Number.parseInt(id.slice(0, 2), 16) % 3
      const resolver = ownHeads({ trustOf: (entity) => trust(hex(entity)) })
      const first = resolver.resolveVersion(COMMON, versions, bookmarks)!
      const random = seededRandom(seed)
      const again = resolver.resolveVersion(COMMON, shuffled(versions, random), shuffled(bookmarks, random))!
      return (
        idOf(first) === idOf(again) &&
        JSON.stringify(plain(first.choices)) === JSON.stringify(plain(again.choices)) &&
        idOf(first) === plainHead(versions, standing, trust)
      )
    }),
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
