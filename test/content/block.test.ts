/** Blocks: what verifying finds, with its own words; what it refuses stands in the table of hostile cases. */
import test from 'brittle'
import fc from 'fast-check'
import { encode } from '../../src/base/codec.ts'
import { CLOCK_AHEAD_MAX_MS } from '../../src/base/limits.ts'
import { networkOf } from '../../src/base/network.ts'
import { describeBlock, formBlock, parseBlock, verifyBlock } from '../../src/content/block.ts'
import { locatorOf } from '../../src/content/kinds.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import { parseRecord, signRecord } from '../../src/content/record.ts'
import { entityLocator } from '../../src/content/space.ts'
import { SPACE_INDEX, spaceIndex } from '../../src/content/space-index.ts'
import { actor, contextOf, START_MS, stored } from '../helpers/actor.ts'
import { flips, hex, refusal, truncations, unhex, utf8, withTrailing } from '../helpers/bytes.ts'
import { recordVectors } from '../helpers/record-vectors.ts'
import { parameters } from '../helpers/seed.ts'

const network = networkOf('test', 4)
const ada = actor('ada', network)
const context = contextOf(network, [ada])
const { author } = ada.identity

const [page] = compressSignMarkdown(
  [
    {
      space: { type: 'entity', id: ada.entity },
      path: 'bees',
      text: utf8('# Bees\n'),
      parents: [],
      summary: 'first',
      timeMs: START_MS,
      nonce: new Uint8Array(8),
    },
  ],
  author,
)

test('block - the length of the record, the record, what travels beside it', (t) => {
  const record = parseRecord(unhex(recordVectors.kinds.holding!.record))
  const block = formBlock(record, utf8('beside'))
  const length = Uint8Array.of(record.bytes.byteLength)
  t.is(hex(block), hex(Buffer.concat([length, record.bytes, utf8('beside')])))
  const parsed = parseBlock(block)
  t.is(hex(parsed.record.id), hex(record.id))
  t.is(hex(parsed.attachment), hex(utf8('beside')))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (attachment) => {
      const both = parseBlock(formBlock(record, attachment))
      return hex(both.attachment) === hex(attachment) && hex(both.record.bytes) === hex(record.bytes)
    }),
    parameters(),
  )
})

test('block - each kind is verified as what it is', (t) => {
  const [key, certificate] = ada.identity.blocks.map(({ bytes }) => verifyBlock(bytes, context))
  t.is(key?.type, 'key')
  t.is(certificate?.type, 'certificate')
  const version = verifyBlock(page!.block, context)
  t.is(version.type, 'version')
  if (version.type === 'version') {
    t.is(Buffer.from(version.text!).toString(), '# Bees\n')
    t.is(version.version.path, 'bees')
    t.is(version.version.summary, 'first')
  }
  const body = encode(spaceIndex, { space: { type: 'self' }, replaces: [], pages: 0, chunks: [] })
  const draft = { signer: ada.entity, key: ada.entity, timeMs: START_MS, nonce: new Uint8Array(8) }
  const index = signRecord({ ...draft, kind: SPACE_INDEX, body }, network, author.sign)
  t.is(verifyBlock(formBlock(index), context).type, 'index')
})

test("block - an optional kind that nobody knows is kept as it is, at its signer's", (t) => {
  const draft = { signer: ada.entity, key: ada.entity, timeMs: START_MS, nonce: new Uint8Array(8) }
  const record = signRecord({ ...draft, kind: 99, body: utf8('from tomorrow') }, network, author.sign)
  const block = verifyBlock(formBlock(record), context)
  t.is(block.type, 'unknown')
  t.is(hex(locatorOf(record)), hex(entityLocator(ada.entity)))
  t.is(hex(block.bytes), hex(formBlock(record)))
})

test('block - what a store asks of a block is what the block says', (t) => {
  for (const { bytes, id, locator, kind, timeMs } of [...ada.identity.blocks, stored(ada.genesis)]) {
    const said = describeBlock(bytes)
    t.alike([hex(said.id), hex(said.locator), said.kind, said.timeMs], [hex(id), hex(locator), kind, timeMs])
  }
})

test('block - a clock may be five minutes behind the signer, and not a millisecond more', (t) => {
  t.is(
    refusal(() => verifyBlock(page!.block, { ...context, nowMs: START_MS - CLOCK_AHEAD_MAX_MS })),
    undefined,
  )
  t.is(
    refusal(() => verifyBlock(page!.block, { ...context, nowMs: START_MS - CLOCK_AHEAD_MAX_MS - 1 })),
    'BAD_TIME',
  )
  t.is(
    refusal(() => verifyBlock(page!.block, { ...context, nowMs: START_MS + 10 ** 12 })),
    undefined,
    'the past has no bound',
  )
})

test('block - cut anywhere, lengthened, or with any byte changed, it is refused with a code', (t) => {
  for (const { bytes } of [...ada.identity.blocks, { bytes: page!.block }]) {
    for (const cut of truncations(bytes))
      if (refusal(() => verifyBlock(cut, context)) === undefined) t.fail('cut')
    t.not(
      refusal(() => verifyBlock(withTrailing(bytes), context)),
      undefined,
    )
    for (const { at, bytes: changed } of flips(bytes)) {
      if (refusal(() => verifyBlock(changed, context)) === undefined) t.fail(`byte ${at}`)
    }
  }
})

test('block - any bytes at all are refused with a code', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      (bytes) => refusal(() => verifyBlock(bytes, context)) !== undefined,
    ),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})
