import test from 'brittle'
import fc from 'fast-check'
import { encode } from '../../src/base/codec.ts'
import { sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import { formBlock, type VerifiedBlock, type VerifiedVersion, verifyBlock } from '../../src/content/block.ts'
import { diffTexts } from '../../src/content/diff.ts'
import { compress } from '../../src/content/gzip.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import { encodePatch, type Patch } from '../../src/content/patch.ts'
import { signRecord } from '../../src/content/record.ts'
import type { Page } from '../../src/content/space.ts'
import { diffBody, takeDiff, VERSION_DIFF, versionDiff } from '../../src/content/version-diff.ts'
import { type Actor, actor, contextOf, START_MS } from '../helpers/actor.ts'
import { hex, refusal, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const network = networkOf('test', 4)
const [ada, bo] = [actor('ada', network), actor('bo', network)]
const context = contextOf(network, [ada, bo])
const PAGE: Page = { space: { type: 'group', id: sha256(utf8('a group')) }, path: 'bees' }
const NONCE = new Uint8Array(8)

function version(who: Actor, text: string, parents: Uint8Array[] = []): VerifiedVersion {
  const draft = { ...PAGE, text: utf8(text), parents, summary: '', timeMs: START_MS, nonce: NONCE }
  const block = verifyBlock(compressSignMarkdown([draft], who.identity.author)[0]!.block, context)
  if (block.type !== 'version') throw new Error('no version')
  return block
}

function signed(who: Actor, body: Uint8Array): VerifiedBlock {
  const { entity, key, sign } = who.identity.author
  const draft = { kind: VERSION_DIFF, signer: entity, key, timeMs: START_MS, nonce: NONCE, body }
  return verifyBlock(formBlock(signRecord(draft, network, sign)), context)
}

/** A body as nobody would form it. */
function forged(from: Uint8Array, to: Uint8Array, patch: Uint8Array, patchBytes: number): Uint8Array {
  const { space, path } = PAGE
  return encode(versionDiff, { space: { ...space }, path, from, to, hash: sha256(patch), patchBytes, patch })
}

const OLD = 'one\ntwo\nthree\n'
const NEW = 'one\n2\nthree\nfour\n'
const old = version(ada, OLD)
const fresh = version(bo, NEW, [old.id])
const from = { id: old.id, text: OLD }
const body = diffBody(PAGE, bo.entity, from, { id: fresh.id, text: NEW })!

test('diff record - what the author of a version published makes its text of the other', (t) => {
  const taken = takeDiff([signed(bo, body)], from, fresh)
  t.is(taken?.text, NEW)
  t.alike(diffTexts(OLD, NEW, { edits: taken!.edits }), diffTexts(OLD, NEW))
  const block = signed(bo, body)
  t.is(block.type, 'declared')
  t.is(hex(block.locator), hex(fresh.locator), 'it lives with the page')
})

test('diff record - of anybody else, for other versions, or that does not apply, it says nothing', (t) => {
  t.is(takeDiff([signed(ada, body)], from, fresh), undefined, 'not its author')
  t.is(takeDiff([signed(bo, body)], { id: fresh.id, text: OLD }, fresh), undefined, 'from another version')
  t.is(takeDiff([signed(bo, body)], { id: old.id, text: 'other\n' }, fresh), undefined, 'on another text')
  t.is(takeDiff([signed(bo, body)], from, old), undefined, 'to another version')
  t.is(takeDiff([], from, fresh), undefined)
  const lies: [string, Patch | Uint8Array, number?][] = [
    ['another text', [{ keep: 1, drop: 1, add: 'zwei\n' }]],
    ['behind the end', [{ keep: 9, drop: 0, add: '' }]],
    ['no patch', utf8('no patch at all')],
    ['a bomb', new Uint8Array(61_440), 100],
  ]
  for (const [what, lie, patchBytes] of lies) {
    const bytes = lie instanceof Uint8Array ? lie : encodePatch(lie)
    const bad = signed(bo, forged(old.id, fresh.id, compress(bytes), patchBytes ?? bytes.byteLength))
    t.is(takeDiff([bad], from, fresh), undefined, what)
    t.is(takeDiff([bad, signed(bo, body)], from, fresh)?.text, NEW, 'and hides no good one')
  }
})

test('diff record - a patch that is not the one named is refused, and one too long is not made', (t) => {
  const patch = compress(encodePatch([{ keep: 0, drop: 0, add: 'x' }]))
  t.is(
    refusal(() =>
      encode(versionDiff, {
        space: PAGE.space,
        path: 'a',
        from: old.id,
        to: old.id,
        hash: old.id,
        patchBytes: 4,
        patch,
      }),
    ),
    'BAD_HASH',
  )
  const long = Array.from({ length: 4_000 }, (_, i) => `${hex(sha256(utf8(`${i}`)))}\n`).join('')
  t.is(diffBody(PAGE, bo.entity, { id: old.id, text: '' }, { id: fresh.id, text: long }), undefined)
})

test('diff record - of any two texts it makes one of the other', (t) => {
  const texts = fc
    .array(fc.constantFrom('a\n', 'b\n', '\n', 'ü'), { maxLength: 12 })
    .map((lines) => lines.join(''))
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const to = version(bo, after)
      const made = diffBody(PAGE, bo.entity, { id: old.id, text: before }, { id: to.id, text: after })!
      return takeDiff([signed(bo, made)], { id: old.id, text: before }, to)?.text === after
    }),
    parameters({ numRuns: 40 }),
  )
  t.pass()
})
