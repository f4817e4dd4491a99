/** What people and programs of this machine write as text. */
import fc, { type Arbitrary } from 'fast-check'
import { type BltFile, readBlt, writeBlt } from '../../../src/agr/stv/blt.ts'
import { idFromText, idToText } from '../../../src/base/text-id.ts'
import { entropyFromWords, wordsFromEntropy } from '../../../src/base/words.ts'
import {
  type Page,
  pageFromText,
  pageToText,
  type Space,
  spaceFromText,
  spaceToText,
} from '../../../src/content/space.ts'
import { type Invite, inviteFromText, inviteToText } from '../../../src/node/invite.ts'
import { objectOf } from '../../../src/node/io/control/lines.ts'
import {
  type DeviceRequest,
  requestFromText,
  requestToText,
} from '../../../src/node/io/identity/enrolling.ts'
import { namesFromText, namesToText } from '../../../src/node/io/names-file.ts'
import type { LocalName } from '../../../src/node/names.ts'
import { utf8 } from '../bytes.ts'
import { exactly, id, localName, path } from '../generators.ts'

import { asText, EXACT, type Format, FREE } from './format.ts'

const spaces = fc.record({ type: fc.constantFrom('entity' as const, 'group' as const), id })
const ballotFiles: Arbitrary<BltFile> = fc.integer({ min: 1, max: 5 }).chain((candidates) =>
  fc.record({
    seats: fc.integer({ min: 1, max: 3 }),
    candidates: fc.array(fc.stringMatching(/^[A-Za-z" \\]{0,9}[a-z]$/), {
      minLength: candidates,
      maxLength: candidates,
    }),
    withdrawn: fc.constant([]),
    ballots: fc.array(
      fc.record({
        weight: fc.integer({ min: 1, max: 9 }),
        ranking: fc.shuffledSubarray(Array.from({ length: candidates }, (_, i) => i)),
      }),
      { maxLength: 4 },
    ),
    title: fc.stringMatching(/^[a-z]{0,9}$/),
  }),
)

export const TYPED: Format[] = [
  {
    name: 'the request of a device',
    readers: [
      'src/node/io/identity/enrolling.ts requestFromText',
      'src/node/io/identity/enrolling.ts request',
      'src/node/io/identity/enrolling.ts grant',
    ],
    values: fc.record({ network: fc.stringMatching(/^[a-z]{1,12}$/), device: id, puzzle: exactly(8) }),
    write: (asked: DeviceRequest) => utf8(requestToText(asked)),
    read: asText(requestFromText),
    again: (asked: DeviceRequest) => utf8(requestToText(asked)),
    ...FREE,
    isValue: true,
  },
  {
    name: 'the names of others',
    readers: ['src/node/io/names-file.ts namesFromText', 'src/node/io/names-file.ts readNames'],
    values: fc.uniqueArray(fc.record({ name: localName, entity: id, sinceMs: fc.nat() }), { maxLength: 4 }),
    write: (names: LocalName[]) => utf8(namesToText(names)),
    read: asText(namesFromText),
    again: (names: LocalName[]) => utf8(namesToText(names)),
    ...FREE,
    isValue: true,
  },
  {
    name: 'an id as text',
    readers: ['src/base/text-id.ts idFromText'],
    values: id,
    write: (value: Uint8Array) => utf8(idToText(value)),
    read: asText(idFromText),
    again: (value: Uint8Array) => utf8(idToText(value)),
    ...EXACT,
    isValue: true,
  },
  {
    name: 'the name of a space',
    readers: ['src/content/space.ts spaceFromText'],
    values: spaces,
    write: (space: Space) => utf8(spaceToText(space)),
    read: asText(spaceFromText),
    again: (space: Space) => utf8(spaceToText(space)),
    ...EXACT,
    isValue: true,
  },
  {
    name: 'the name of a page',
    readers: ['src/content/space.ts pageFromText'],
    values: fc.record({ space: spaces, path }),
    write: (page: Page) => utf8(pageToText(page)),
    read: asText(pageFromText),
    again: (page: Page) => utf8(pageToText(page)),
    ...EXACT,
    isWhole: false,
    isValue: true,
  },
  {
    name: 'recovery words',
    readers: ['src/base/words.ts entropyFromWords', 'src/base/words.ts nextKeyFromWords'],
    values: id,
    write: (entropy: Uint8Array) => utf8(wordsFromEntropy(entropy)),
    read: asText(entropyFromWords),
    again: (entropy: Uint8Array) => utf8(wordsFromEntropy(entropy)),
    ...FREE,
    isValue: true,
  },
  {
    name: 'an invite',
    readers: ['src/node/invite.ts inviteFromText', 'src/node/invite.ts payload'],
    values: fc.record({
      network: fc.stringMatching(/^[a-z]{1,20}$/),
      puzzleBits: fc.nat(40),
      bootstrap: fc.array(fc.record({ host: fc.ipV4(), port: fc.integer({ min: 1, max: 65_535 }) }), {
        maxLength: 3,
      }),
      space: fc.option(spaces, { nil: undefined }),
    }),
    write: (invite: Invite) => utf8(inviteToText(invite)),
    read: asText(inviteFromText),
    again: (invite: Invite) => utf8(inviteToText(invite)),
    ...EXACT,
    isValue: true,
  },
  {
    name: 'ballots (BLT)',
    readers: ['src/agr/stv/blt.ts readBlt'],
    values: ballotFiles,
    write: (file: BltFile) => utf8(writeBlt(file)),
    read: readBlt,
    again: (file: BltFile) => utf8(writeBlt(file)),
    ...FREE,
    isValue: true,
  },
  {
    name: 'a line of the control API',
    readers: ['src/node/io/control/lines.ts readObjects'],
    values: fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()),
    write: (value: object) => utf8(JSON.stringify(value)),
    read: asText((text) => withoutMinusZero(objectOf(text, 'the line'))),
    again: (value: object) => utf8(JSON.stringify(value)),
    ...FREE,
  },
]

/** JSON can say -0, and `JSON.stringify` does not. */
function withoutMinusZero(value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutMinusZero)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutMinusZero(each)]))
}
