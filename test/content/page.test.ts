import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import { verifyBlock } from '../../src/content/block.ts'
import { compressSignMarkdown, type PageDraft, verifyDecompressMarkdown } from '../../src/content/page.ts'
import { combineVerify } from '../../src/content/piece.ts'
import { pageLocator } from '../../src/content/space.ts'
import { normaliseMarkdown, PAGE_BYTES_MAX } from '../../src/content/text.ts'
import { actor, contextOf, START_MS } from '../helpers/actor.ts'
import { hex, refusal, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const network = networkOf('test', 4)
const ada = actor('ada', network)
const context = contextOf(network, [ada])

function draft(change: Partial<PageDraft> = {}): PageDraft {
  return {
    space: { type: 'entity', id: ada.entity },
    path: 'bees',
    text: utf8('# Bees\n'),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: new Uint8Array(8),
    ...change,
  }
}

const seal = (drafts: PageDraft[]) => compressSignMarkdown(drafts, ada.identity.author)

test('page - markdown in normal form comes out byte for byte', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (words) => {
      const { bytes } = normaliseMarkdown(utf8(words))
      const [sealed] = seal([draft({ text: bytes })])
      return hex(verifyDecompressMarkdown(sealed!.block, context)) === hex(bytes)
    }),
    parameters(),
  )
  t.is(verifyDecompressMarkdown(seal([draft({ text: new Uint8Array(0) })])[0]!.block, context).byteLength, 0)
})

test('page - the same words by the same author at the same time are the same bytes on every machine', (t) => {
  const [one] = seal([draft()])
  const [two] = seal([draft()])
  t.is(hex(one!.block), hex(two!.block))
  t.is(hex(one!.id), VECTOR)
  t.not(hex(seal([draft({ nonce: new Uint8Array(8).fill(1) })])[0]!.id), VECTOR)
})

test('page - many pages cost one signature for sixteen, and each verifies alone', (t) => {
  const drafts = Array.from({ length: 40 }, (_, i) => draft({ path: `p${i}`, text: utf8(`${i}`) }))
  let signatures = 0
  const author = {
    ...ada.identity.author,
    sign: (digest: Uint8Array) => {
      signatures += 1
      return ada.identity.author.sign(digest)
    },
  }
  const sealed = compressSignMarkdown(drafts, author)
  t.is(signatures, 3)
  for (const [i, { block, locator, path }] of sealed.entries()) {
    t.is(path, `p${i}`)
    t.is(hex(locator), hex(pageLocator({ space: drafts[i]!.space, path })))
    t.is(Buffer.from(verifyDecompressMarkdown(block, context)).toString(), `${i}`)
  }
})

test('page - a text of several pieces is a table beside its version, and comes together in any order', (t) => {
  const text = utf8(Array.from({ length: 30_000 }, (_, i) => `${(i * 7919) % 65_521}\n`).join(''))
  const [sealed] = seal([draft({ text })])
  t.ok(sealed!.pieces.length > 1)
  const block = verifyBlock(sealed!.block, context)
  if (block.type !== 'version' || block.version.content.type !== 'text') throw new Error('no text')
  t.is(block.text, undefined)
  const combine = combineVerify<string>(block.version.content, block.table!)
  for (const { bytes } of [...sealed!.pieces].reverse()) t.is(combine.add(bytes, 'peer'), 'added')
  t.is(hex(sha256(combine.text()!)), hex(sha256(text)))
  t.is(
    refusal(() => verifyDecompressMarkdown(sealed!.block, context)),
    'BAD_FORMAT',
    'it is not one piece',
  )
})

test('page - a deletion is a version without a text', (t) => {
  const [sealed] = seal([draft({ text: undefined })])
  const block = verifyBlock(sealed!.block, context)
  t.is(block.type === 'version' && block.version.content.type, 'deleted')
  t.is(sealed!.pieces.length, 0)
})

test('page - what nobody could read again is not sealed', (t) => {
  const cases: [Partial<PageDraft>, string][] = [
    [{ text: utf8('a\r\nb') }, 'BAD_TEXT'],
    [{ text: Uint8Array.of(0xff) }, 'BAD_TEXT'],
    [{ path: '../bees' }, 'BAD_PATH'],
    [{ path: '' }, 'BAD_PATH'],
    [{ summary: 'x'.repeat(513) }, 'TOO_LARGE'],
    [{ parents: [new Uint8Array(32), new Uint8Array(32)] }, 'NOT_CANONICAL'],
    [{ parents: Array.from({ length: 17 }, (_, i) => new Uint8Array(32).fill(i)) }, 'TOO_LARGE'],
    [{ timeMs: -1 }, 'BAD_TIME'],
    [{ text: new Uint8Array(PAGE_BYTES_MAX + 1) }, 'TOO_LARGE'],
  ]
  for (const [change, code] of cases) {
    t.is(
      refusal(() => seal([draft(change)])),
      code,
      Object.keys(change)[0],
    )
  }
})

const VECTOR = 'f0c0a983f04e21fb315d826b1a86f01597303d0e01f6c97a8807320deb84541c'
