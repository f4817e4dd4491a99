/** Checks in this thread and in the worker: the same outcomes, whoever makes them. */
import test from 'brittle'
import { sha256 } from '../../../src/base/hash.ts'
import { networkOf } from '../../../src/base/network.ts'
import { compressSignMarkdown } from '../../../src/content/page.ts'
import { cutText, pieceOf } from '../../../src/content/piece.ts'
import { type Checked, type CheckItem, type CheckRequest, checkItems } from '../../../src/node/checking.ts'
import { type Checker, startChecker } from '../../../src/node/io/checker.ts'
import { type Actor, actor, contextOf, START_MS, verify } from '../../helpers/actor.ts'
import { plain } from '../../helpers/bytes.ts'
import type { Teardown } from '../../helpers/home.ts'

const NETWORK = networkOf('checker', 4)
/** More than the fewest that go to the worker. */
const MANY = 40

function checker(t: Teardown): Checker {
  const started = startChecker({ network: NETWORK, crypto: 'native', verify })
  t.teardown(() => started.close())
  return started
}

/** Pages of an author, a loose piece, and the same spoilt: by a byte, by another id, as nothing. */
function requestOf(author: Actor, pages: number): CheckRequest {
  const drafts = Array.from({ length: pages }, (_, i) => ({
    space: { type: 'entity' as const, id: author.entity },
    path: `page/${i}`,
    text: Buffer.from(`# Page ${i}\n`),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: Buffer.alloc(8, i),
  }))
  const good = compressSignMarkdown(drafts, author.identity.author).map(({ id, block }): CheckItem => {
    return { id, bytes: block, pieceAt: undefined }
  })
  const { bytes: piece } = pieceOf(Buffer.from('a loose piece'))
  const [first, second] = good as [CheckItem, CheckItem]
  const spoilt = Uint8Array.from(first.bytes)
  spoilt[spoilt.byteLength - 1]! ^= 1
  const items = [
    ...good,
    { id: sha256(piece), bytes: piece, pieceAt: author.entity },
    { id: author.entity, bytes: piece, pieceAt: author.entity },
    { ...first, bytes: spoilt },
    { ...first, id: second.id },
    { ...first, bytes: new Uint8Array(0) },
  ]
  const { genesis } = author
  const key = { id: genesis.id, ...contextOf(NETWORK, [author]).keyOf(genesis.id)! }
  return { items, keys: [key], nowMs: START_MS, withTexts: true }
}

/** What came out, without the block itself, which only this thread can hand over. */
function said(outcomes: readonly Checked[]): unknown {
  return plain(outcomes.map((one) => (one.ok ? { ...one, block: undefined } : one)))
}

test('checker - many go to the worker, few do not, and both come to the same', async (t) => {
  const { check, prepare } = checker(t)
  await prepare()
  const author = actor('author', NETWORK)
  const many = requestOf(author, MANY)
  const answer = check(many)
  t.ok(answer instanceof Promise, 'many are checked beside this thread')
  const outcomes = await answer
  t.alike(said(outcomes), said(checkItems(many, NETWORK, verify)))
  t.is(outcomes.filter(({ ok }) => ok).length, MANY + 1)
  t.alike(
    outcomes.slice(MANY + 1).map((one) => one.ok),
    [false, false, false, false],
  )
  const text = (outcomes[3] as Checked & { ok: true }).text!
  t.is(Buffer.from(text).toString(), '# Page 3\n')

  const few = requestOf(author, 2)
  const here = check(few)
  t.absent(here instanceof Promise)
  t.alike(said(await here), said(checkItems(few, NETWORK, verify)))
})

test('checker - without the key nothing signed under it passes', async (t) => {
  const { check, prepare } = checker(t)
  await prepare()
  const request = { ...requestOf(actor('author', NETWORK), MANY), keys: [] }
  const outcomes = await check(request)
  t.is(outcomes.filter(({ ok }) => ok).length, 1, 'only the piece, which nobody signs')
})

test('checker - what the worker was asked is answered also when it ends', async (t) => {
  const one = checker(t)
  await one.prepare()
  const request = requestOf(actor('author', NETWORK), MANY)
  const asked = one.check(request)
  await one.close()
  const expected = said(checkItems(request, NETWORK, verify))
  t.alike(said(await asked), expected)
  t.alike(said(await one.check(request)), expected, 'and so is what comes later')
})

test('checker - after a rest a large request starts a worker anew, and meanwhile is checked here', async (t) => {
  const one = checker(t)
  await one.prepare()
  await one.rest()
  const request = requestOf(actor('author', NETWORK), MANY)
  const expected = said(checkItems(request, NETWORK, verify))
  const here = one.check(request)
  t.absent(here instanceof Promise, 'the new one has not loaded')
  t.alike(said(await here), expected)
  for (;;) {
    const outcomes = one.check(request)
    t.alike(said(await outcomes), expected)
    if (outcomes instanceof Promise) break
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('checker - many texts are cut in the worker, few here, and both come to the same', async (t) => {
  const one = checker(t)
  await one.prepare()
  const texts = Array.from({ length: MANY }, (_, i) => Buffer.from(`# Page ${i}\n`.repeat(1 + i * 400)))
  const expected = plain(texts.map(cutText)) as unknown[]
  const beside = one.cut(texts)
  t.ok(beside instanceof Promise)
  const checks = one.check(requestOf(actor('author', NETWORK), MANY))
  t.alike(plain(await beside), expected)
  t.ok((await beside)[MANY - 1]!.pieces.length > 1, 'also of several pieces')
  t.is((await checks).filter(({ ok }) => ok).length, MANY + 1, 'while it checks as well')
  t.is(texts[0]!.toString(), '# Page 0\n', 'the texts are still here')

  const few = one.cut(texts.slice(0, 2))
  t.absent(few instanceof Promise)
  t.alike(plain(await few), expected.slice(0, 2))

  const asked = one.cut(texts)
  await one.close()
  t.alike(plain(await asked), expected, 'and when it ends in the middle of it')
})
