/** What lies on the disk of a machine, and what its threads tell each other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { type State, take } from '../../../src/base/codec.ts'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { ERROR_CODES, SheafError } from '../../../src/base/errors.ts'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { cutText } from '../../../src/content/piece.ts'
import { batchNote, batchNoteBefore } from '../../../src/node/batch.ts'
import { placeNote } from '../../../src/node/followed.ts'
import {
  FRAME_HEADER_BYTES,
  formFrame,
  readFrame,
  readFrameHeader,
} from '../../../src/node/io/backup/format.ts'
import { packOutcomes, packRequest, unpackOutcomes, unpackRequest } from '../../../src/node/io/check-wire.ts'
import { configToToml, readConfig } from '../../../src/node/io/config/config.ts'
import type { Config } from '../../../src/node/io/config/options.ts'
import { packCuts, packTexts, unpackCuts, unpackTexts } from '../../../src/node/io/cut-wire.ts'
import { createIdentity } from '../../../src/node/io/identity/create.ts'
import { type IdentitySecrets, loadIdentity, saveIdentity } from '../../../src/node/io/identity/identity.ts'
import { readRules, rulesPath, writeRules } from '../../../src/node/io/rules-file.ts'
import {
  blockValue,
  type FeedMark,
  type IndexedBlock,
  markKey,
  markValue,
  placeKey,
  placeValue,
  readBlock,
  readMark,
  readPlace,
  readState,
  stateValue,
} from '../../../src/node/io/store/index-keys.ts'
import { packSegments, unpackSegment } from '../../../src/node/io/store/segment.ts'
import { number as sequenceNote } from '../../../src/node/numbering.ts'
import type { Rule } from '../../../src/node/rules.ts'
import type { BlockMeta } from '../../../src/node/store.ts'
import { START_MS } from '../actor.ts'
import { utf8 } from '../bytes.ts'
import {
  batchNoteBeforeValues,
  batchNoteValues,
  checkRequestValues,
  frameValues,
  id,
  indexedBlockValues,
  placeNoteValues,
  upTo,
} from '../generators.ts'

import { byCodec, EXACT, type Format, FREE } from './format.ts'

const network = networkOf('test', 4)
const outcomeValues = fc.oneof(
  fc.record({
    ok: fc.constant(true as const),
    locator: id,
    kind: fc.nat(255),
    timeMs: fc.nat(),
    hadText: fc.boolean(),
    text: fc.option(upTo(100), { nil: undefined }),
  }),
  fc.record({
    ok: fc.constant(false as const),
    code: fc.constantFrom(...ERROR_CODES),
    message: fc.string({ maxLength: 100 }),
  }),
)
const ruleValues: fc.Arbitrary<Rule> = fc.record({
  type: fc.constantFrom('deny', 'block'),
  id,
  about: fc.string({ maxLength: 40 }),
  why: fc.string({ maxLength: 40 }),
  sinceMs: fc.nat(),
})
const newIdentity = await createIdentity({
  network,
  crypto: loadCrypto(),
  random: seededRandom('formats'),
  nowMs: START_MS,
})

/** What `work` makes of a path in a folder of its own. */
function inFolder<T>(work: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'format-'))
  try {
    return work(join(folder, 'file'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const ON_DISK: Format[] = [
  {
    name: 'a segment of a feed',
    readers: ['src/node/io/store/segment.ts unpackSegment'],
    values: fc.array(fc.tuple(upTo(100), id, fc.boolean()), { minLength: 1, maxLength: 3 }),
    write: (some: [Uint8Array, Uint8Array, boolean][]) =>
      packSegments(
        some.map(([bytes, locator, isPiece]) => {
          const kind = isPiece ? 0 : 3
          return { id: locator, locator, kind, timeMs: 0, length: bytes.byteLength, bytes }
        }),
      )[0]!.bytes,
    read: unpackSegment,
    ...EXACT,
  },
  {
    name: 'the place of a block in the index',
    readers: ['src/node/io/store/index-keys.ts readBlock'],
    values: indexedBlockValues,
    write: (block: IndexedBlock) => Buffer.concat([block.id, blockValue(block)]),
    read: (both) => readBlock(both.subarray(0, 32), Buffer.from(both.subarray(32))),
    again: (block: IndexedBlock) => Buffer.concat([block.id, blockValue(block)]),
    ...EXACT,
    isValue: true,
  },
  {
    name: 'a block at a locator in the index',
    readers: ['src/node/io/store/index-keys.ts readPlace'],
    values: indexedBlockValues,
    write: (block: BlockMeta) => Buffer.concat([placeValue(block), placeKey(block)]),
    read: (both) => readPlace(Buffer.from(both.subarray(3)), Buffer.from(both.subarray(0, 3))),
    ...EXACT,
  },
  {
    name: 'the mark of a feed in the index',
    readers: ['src/node/io/store/index-keys.ts readMark'],
    values: fc.record({ feed: fc.nat(65_535), name: fc.stringMatching(/^[a-z/]{0,40}$/), indexed: fc.nat() }),
    write: (mark: FeedMark) => Buffer.concat([markKey(mark.feed), markValue(mark)]),
    read: (both) => readMark(Buffer.from(both.subarray(0, 3)), Buffer.from(both.subarray(3))),
    ...FREE,
    isValue: true,
  },
  {
    name: 'the state of the index',
    readers: ['src/node/io/store/index-keys.ts readState'],
    values: fc.record({ rebuilding: fc.boolean(), blocks: fc.nat(), bytes: fc.nat() }),
    write: stateValue,
    read: (value) => readState(Buffer.from(value)),
    again: stateValue,
    ...EXACT,
    isValue: true,
  },
  byCodec('the note of a batch', 'src/node/batch.ts batchNote', batchNote, batchNoteValues),
  byCodec(
    'the note of a batch as it was',
    'src/node/batch.ts batchNoteBefore',
    batchNoteBefore,
    batchNoteBeforeValues,
  ),
  byCodec('the note of a followed place', 'src/node/followed.ts placeNote', placeNote, placeNoteValues),
  byCodec('the note of the next number', 'src/node/numbering.ts number', sequenceNote, fc.nat()),
  {
    name: 'a frame of a backup',
    readers: [
      'src/node/io/backup/format.ts readFrame',
      'src/node/io/backup/format.ts readFrameHeader',
      'src/node/io/backup/format.ts frame',
    ],
    values: frameValues,
    write: formFrame,
    read: (bytes) => {
      const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
      const { length, crc } = readFrameHeader(Buffer.from(take(state, FRAME_HEADER_BYTES)))
      const frame = readFrame(take(state, length), crc)
      if (state.start < state.end) throw new SheafError('TRAILING_BYTES', 'another frame')
      return frame
    },
    again: formFrame,
    ...EXACT,
    isValue: true,
  },
  {
    name: 'an identity file',
    readers: [
      'src/node/io/identity/identity.ts loadIdentity',
      'src/node/io/identity/identity.ts readSecrets',
    ],
    values: fc.constant(newIdentity.secrets),
    write: (secrets: IdentitySecrets) =>
      inFolder((path) => {
        saveIdentity(path, secrets)
        return readFileSync(path)
      }),
    read: (bytes) =>
      inFolder((path) => {
        writeFileSync(path, bytes, { mode: 0o600 })
        return loadIdentity(path, network, loadCrypto()).entity
      }),
    ...FREE,
    isSlow: true,
  },
  {
    name: "the operator's rules",
    readers: ['src/node/io/rules-file.ts readRules'],
    values: fc.array(ruleValues, { maxLength: 3 }),
    write: (rules: Rule[]) =>
      inFolder((path) => {
        const home = dirname(path)
        writeRules(home, rules)
        return readFileSync(rulesPath(home))
      }),
    read: (bytes) =>
      inFolder((path) => {
        const home = dirname(path)
        writeFileSync(rulesPath(home), bytes)
        return readRules(home)
      }),
    ...FREE,
    isValue: true,
    isSlow: true,
  },
  {
    name: 'a configuration file',
    readers: ['src/node/io/config/config.ts readConfig'],
    values: fc.record({ depth: fc.nat(32), port: fc.nat(65_535), host: fc.ipV4() }),
    write: (some: Partial<Config>) => utf8(configToToml({ ...readConfig({}), ...some })),
    read: (bytes) =>
      inFolder((file) => {
        writeFileSync(file, bytes)
        return readConfig({ file })
      }),
    again: (config: Config) => utf8(configToToml(config)),
    ...FREE,
    isSlow: true,
  },
]

export const BETWEEN_THREADS: Format[] = [
  {
    name: 'a request to the checker',
    readers: ['src/node/io/check-wire.ts unpackRequest', 'src/node/io/check-wire.ts requestCodec'],
    values: fc.record({ number: fc.nat(), request: checkRequestValues }),
    write: ({ number, request }: ReturnType<typeof unpackRequest>) => packRequest(number, request),
    read: unpackRequest,
    again: ({ number, request }: ReturnType<typeof unpackRequest>) => packRequest(number, request),
    ...EXACT,
    isValue: true,
  },
  {
    name: "the checker's outcomes",
    readers: ['src/node/io/check-wire.ts unpackOutcomes', 'src/node/io/check-wire.ts outcomesCodec'],
    values: fc.record({ number: fc.nat(), outcomes: fc.array(outcomeValues, { maxLength: 4 }) }),
    write: ({ number, outcomes }: ReturnType<typeof unpackOutcomes>) => packOutcomes(number, outcomes),
    read: unpackOutcomes,
    ...EXACT,
    isValue: true,
  },
  {
    name: 'texts to cut',
    readers: ['src/node/io/cut-wire.ts unpackTexts', 'src/node/io/cut-wire.ts requestCodec'],
    values: fc.record({ number: fc.nat(), texts: fc.array(upTo(100), { maxLength: 4 }) }),
    write: ({ number, texts }: ReturnType<typeof unpackTexts>) => packTexts(number, texts),
    read: unpackTexts,
    again: ({ number, texts }: ReturnType<typeof unpackTexts>) => packTexts(number, texts),
    ...EXACT,
    isValue: true,
  },
  {
    name: 'texts that were cut',
    readers: ['src/node/io/cut-wire.ts unpackCuts', 'src/node/io/cut-wire.ts cutsCodec'],
    values: fc.record({ number: fc.nat(), cuts: fc.array(upTo(100).map(cutText), { maxLength: 4 }) }),
    write: ({ number, cuts }: ReturnType<typeof unpackCuts>) => packCuts(number, cuts),
    read: unpackCuts,
    again: ({ number, cuts }: ReturnType<typeof unpackCuts>) => packCuts(number, cuts),
    ...EXACT,
    isValue: true,
  },
]
