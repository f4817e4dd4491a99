/** Differences, merges and blame by a node, over its own store and peers. */
import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import { unifiedText } from '../../src/content/diff.ts'
import type { Page } from '../../src/content/space.ts'
import type { PageInput } from '../../src/node/commands.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const BASE = 'one\ntwo\nthree\nfour\nfive\n'
const LEFT = 'ONE\ntwo\nthree\nfour\nfive\n'
const RIGHT = 'one\ntwo\nthree\nfour\nFIVE\n'

const pageOf = (node: WorldNode, path: string): Page => {
  return { space: { type: 'entity', id: node.actor.entity }, path }
}

async function put(node: WorldNode, text: string | undefined, more: Partial<PageInput> = {}) {
  const page = { path: 'bees', text: text === undefined ? undefined : utf8(text), ...more }
  const { pages } = await node.run({ type: 'publish', pages: [page], summary: '', index: true })
  return pages[0]!.id
}

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof SheafError ? error.code : `${error}`),
  )
}

/** A page with a fork, kept by somebody, and a stranger who knows that one. */
async function forked(left = LEFT, right = RIGHT) {
  const world = new World()
  const ada = world.add('ada')
  world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  const base = await put(ada, BASE)
  const ours = await put(ada, left, { parents: [base] })
  const theirs = await put(ada, right, { parents: [base], isFork: true })
  await world.advance(1_000)
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  await world.settle()
  return { world, ada, eve, page: pageOf(ada, 'bees'), base, ours, theirs, untilMs: world.nowMs + 10_000 }
}

test('comparing - what a version changed, and what lies between any two', async (t) => {
  const { ada, eve, base, ours, theirs, untilMs } = await forked()
  for (const node of [ada, eve]) {
    const last = await node.run({ type: 'diff', to: { id: ours }, untilMs })
    t.alike([hex(last.from!.id), last.added, last.removed], [hex(base), 1, 1])
    const across = await node.run({ type: 'diff', from: { id: ours }, to: { id: theirs }, untilMs })
    t.is(
      unifiedText(across, { before: 'a', after: 'b' }),
      '--- a\n+++ b\n@@ -1,5 +1,5 @@\n-ONE\n+one\n two\n three\n four\n-five\n+FIVE\n',
    )
  }
  const first = await ada.run({ type: 'diff', to: { id: base }, untilMs })
  t.alike([first.from, first.added], [undefined, 5], 'the first version is compared with nothing')
})

test('comparing - two tips make a text that has what both changed', async (t) => {
  const { ada, eve, page, base, ours, theirs, untilMs } = await forked()
  for (const node of [ada, eve]) {
    const merged = await node.run({ type: 'merge', page, ours: { id: ours }, theirs, untilMs })
    t.alike([text(merged.text), merged.conflicts], ['ONE\ntwo\nthree\nfour\nFIVE\n', []])
    t.alike(merged.bases.map(hex), [hex(base)])
    t.alike([merged.difference.added, merged.difference.removed], [1, 1], 'against theirs')
  }
})

test('comparing - a text that is not published yet is merged with the head, and nothing is written', async (t) => {
  const { world, ada, page, base } = await forked()
  const joined = await put(ada, LEFT, { parents: await tips(ada, page, world.nowMs + 1_000) })
  const before = ada.store.usage()
  const untilMs = world.nowMs + 10_000
  const mine = { text: utf8(RIGHT), parents: [base] }
  const merged = await ada.run({ type: 'merge', page, ours: mine, untilMs })
  t.alike(
    [text(merged.text), merged.ours, hex(merged.theirs)],
    ['ONE\ntwo\nthree\nfour\nFIVE\n', undefined, hex(joined)],
  )
  t.alike(ada.store.usage(), before)
})

async function tips(node: WorldNode, page: Page, untilMs: number): Promise<Uint8Array[]> {
  return (await node.run({ type: 'log', page, untilMs })).filter(({ isTip }) => isTip).map(({ id }) => id)
}

test('comparing - what both changed, each in its own way, is a conflict between markers', async (t) => {
  const { ada, page, ours, theirs, untilMs } = await forked(LEFT, 'eins\ntwo\nthree\nfour\nfive\n')
  const merged = await ada.run({ type: 'merge', page, ours: { id: ours }, theirs, untilMs })
  t.is(
    text(merged.text),
    '<<<<<<< yours\nONE\n||||||| base\none\n=======\neins\n>>>>>>> theirs\ntwo\nthree\nfour\nfive\n',
  )
  t.is(merged.conflicts.length, 1)
})

test('comparing - what one side deleted and the other changed is a conflict', async (t) => {
  const { ada, page, base, untilMs } = await forked()
  const gone = await put(ada, undefined, { parents: [base], isFork: true })
  const changed = await put(ada, LEFT, { parents: [base], isFork: true })
  const merged = await ada.run({ type: 'merge', page, ours: { id: gone }, theirs: changed, untilMs })
  t.is(merged.conflicts.length, 1)
  const both = await ada.run({ type: 'merge', page, ours: { id: gone }, theirs: base, untilMs })
  t.alike([both.text, both.conflicts], [undefined, []], 'a deletion of what nobody changed is one')
})

test('comparing - every line has the version that brought it', async (t) => {
  const { world, ada, eve, ours, theirs, base, page } = await forked()
  const joined = await put(ada, 'ONE\ntwo\nnew\nthree\nfour\nFIVE\n', { parents: [ours, theirs] })
  await world.advance(1_000)
  for (const node of [ada, eve]) {
    const blamed = await node.run({ type: 'blame', target: { page }, untilMs: world.nowMs + 10_000 })
    t.alike(
      blamed.lines.map(({ version, line }) => [hex(version), line]),
      [ours, base, joined, base, base, theirs].map((id, i) => [hex(id), [1, 2, 3, 3, 4, 5][i]]),
    )
    t.is(blamed.versions.length, 4)
  }
})

test('comparing - texts of too many lines, versions of other pages, and too little time are said', async (t) => {
  const { world, ada, page, ours } = await forked()
  const other = await put(ada, 'x', { path: 'wasps' })
  const untilMs = world.nowMs + 10_000
  const merge = { type: 'merge' as const, page, ours: { id: ours }, untilMs }
  t.is(await codeOf(ada.run({ ...merge, theirs: other })), 'NOT_FOUND', 'it is not in this history')
  const large = await put(ada, '\n'.repeat(100_001), { path: 'lines' })
  for (const type of ['diff', 'blame'] as const) {
    const target = { id: large }
    const command = type === 'diff' ? { type, to: target, untilMs } : { type, target, untilMs }
    t.is(await codeOf(ada.run(command as { type: 'diff'; to: typeof target; untilMs: number })), 'TOO_LARGE')
  }
  t.is(await codeOf(ada.run({ type: 'blame', target: { page }, untilMs: world.nowMs })), 'TIMEOUT')
  t.is(await codeOf(ada.run({ type: 'diff', to: { page: pageOf(ada, 'none') }, untilMs })), 'NOT_FOUND')
})

test('recent - the newest versions of a space, by their own words, and no more than asked for', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  for (let i = 0; i < 6; i++) {
    await world.advance(1_000)
    await put(ada, `${i}`, { path: `page ${i % 4}` })
  }
  await world.advance(1_000)
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  await world.settle()
  const { space } = pageOf(ada, '')
  for (const node of [ada, eve, eve]) {
    const recent = await node.run({ type: 'recent', space, count: 3, untilMs: world.nowMs + 10_000 })
    t.alike(
      recent.versions.map(({ path }) => path),
      ['page 1', 'page 0', 'page 3'],
    )
    t.alike([recent.pages, recent.unseen], [4, 0])
    await world.advance(1_000)
  }
})

test('comparing - a difference that its author published is taken from keepers, and made once', async (t) => {
  const { world, ada, eve, base, ours, untilMs } = await forked()
  const before = await eve.run({ type: 'diff', to: { id: ours }, untilMs })
  t.is(before.published, undefined)
  const { id, batches } = await ada.run({ type: 'publishDiff', to: { id: ours }, untilMs })
  await ada.run({ type: 'held', batches, patienceMs: 10_000 })
  const after = await eve.run({ type: 'diff', to: { id: ours }, untilMs: world.nowMs + 10_000 })
  t.is(hex(after.published!), hex(id))
  t.alike([after.hunks, after.added, after.removed], [before.hunks, before.added, before.removed])
  const again = await ada.run({ type: 'publishDiff', to: { id: ours }, untilMs: world.nowMs + 10_000 })
  t.is(hex(again.id), hex(id))
  const bo = world.nodes.get('bo')!
  const late = world.nowMs + 10_000
  t.is(await codeOf(bo.run({ type: 'publishDiff', to: { id: ours }, untilMs: late })), 'REFUSED')
  t.is(await codeOf(ada.run({ type: 'publishDiff', to: { id: base }, untilMs: late })), 'BAD_ARGUMENT')
})
