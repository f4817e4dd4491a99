import { readFileSync } from 'node:fs'
import { base32nopad } from '@scure/base'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { domainHash } from '../../src/base/hash.ts'
import type { Space } from '../../src/content/space.ts'
import { INVITE_LETTERS_MAX, type Invite, inviteFromText, inviteToText } from '../../src/node/invite.ts'
import { unhex } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const [vector] = JSON.parse(readFileSync(new URL('../vectors/invite.json', import.meta.url), 'utf8')) as {
  invite: Omit<Invite, 'space'> & { space: { type: 'entity'; id: string } }
  word: string
}[]

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
const invites: fc.Arbitrary<Invite> = fc.record({
  network: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
  puzzleBits: fc.integer({ min: 0, max: 40 }),
  bootstrap: fc.array(
    fc.record({
      host: fc.stringMatching(/^[A-Za-z0-9.-]{1,40}$/),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    { maxLength: 16 },
  ),
  space: fc.option(fc.record({ type: fc.constantFrom<Space['type']>('entity', 'group'), id }), {
    nil: undefined,
  }),
})

test('invite - is the word of the vector, both ways', (t) => {
  const { invite, word } = vector!
  const whole: Invite = { ...invite, space: { type: 'entity', id: unhex(invite.space.id) } }
  t.is(inviteToText(whole), word)
  const read = inviteFromText(word)
  t.alike(
    { ...read, space: { ...read.space!, id: [...read.space!.id] } },
    {
      ...whole,
      space: { type: 'entity', id: [...whole.space!.id] },
    },
  )
})

test('invite - any invite comes back from its one word', (t) => {
  fc.assert(
    fc.property(invites, (invite) => {
      const word = inviteToText(invite)
      const again = inviteFromText(word)
      return inviteToText(again) === word && again.network === invite.network && /^[a-z0-9]+$/.test(word)
    }),
    parameters(),
  )
  t.pass()
})

test('invite - a letter changed, lost or added is noticed', (t) => {
  const { word } = vector!
  fc.assert(
    fc.property(fc.nat(word.length - 1), fc.constantFrom(...'abcxyz234567'), (at, letter) => {
      const changed = word.slice(0, at) + letter + word.slice(at + 1)
      return changed === word || codeOf(() => inviteFromText(changed)) !== undefined
    }),
    parameters(),
  )
  const broken = [
    word.slice(0, -1),
    word.slice(1),
    `${word}a`,
    `${word}aaaaaaaa`,
    ` ${word}`,
    word.toUpperCase(),
  ]
  for (const one of broken)
    t.is(
      codeOf(() => inviteFromText(one)),
      'BAD_ARGUMENT',
      one.slice(0, 12),
    )
})

test('invite - what is none is refused with a code, whatever it is', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^sheaf1[a-z2-7]{0,300}$/)), (text) => {
      const code = codeOf(() => inviteFromText(text))
      return code === 'BAD_ARGUMENT' || code === 'UNSUPPORTED'
    }),
    parameters(),
  )
  t.is(
    codeOf(() => inviteFromText('sheaf1'.padEnd(INVITE_LETTERS_MAX + 1, 'a'))),
    'BAD_ARGUMENT',
  )
  t.is(
    codeOf(() => inviteFromText(vector!.word.replace('sheaf1', 'sheaf2'))),
    'UNSUPPORTED',
  )
  t.is(
    codeOf(() => inviteFromText('')),
    'BAD_ARGUMENT',
  )
})

test('invite - a right checksum saves no wrong content', (t) => {
  const good = sealed(Uint8Array.of(1, 0x61, 4, 0, 0))
  t.is(inviteFromText(good).network, 'a')
  const cases: [string, number[]][] = [
    ['nothing', []],
    ['no name', [0, 4, 0, 0]],
    ['a name with a space', [1, 0x20, 4, 0, 0]],
    ['too much work', [1, 0x61, 41, 0, 0]],
    ['a number longer than it need be', [1, 0x61, 0xfd, 4, 0, 0, 0]],
    ['a host that is none', [1, 0x61, 4, 1, 1, 0x2f, 80, 0]],
    ['port 0', [1, 0x61, 4, 1, 1, 0x61, 0, 0]],
    ['seventeen addresses', [1, 0x61, 4, 17]],
    ['a space of another type', [1, 0x61, 4, 0, 1, 2, ...new Uint8Array(32)]],
    ['half a space', [1, 0x61, 4, 0, 1, 0, 1, 2, 3]],
    ['something behind the end', [1, 0x61, 4, 0, 0, 0]],
  ]
  for (const [what, bytes] of cases) {
    t.is(
      codeOf(() => inviteFromText(sealed(Uint8Array.from(bytes)))),
      'BAD_ARGUMENT',
      what,
    )
  }
})

test('invite - what cannot be one is not made', (t) => {
  const invite: Invite = { network: 'a', puzzleBits: 4, bootstrap: [], space: undefined }
  const far = Array.from({ length: 16 }, (_, i) => ({ host: 'h'.repeat(253), port: i + 1 }))
  t.is(
    codeOf(() => inviteToText({ ...invite, bootstrap: far })),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => inviteToText({ ...invite, network: 'a b' })),
    'BAD_FORMAT',
  )
  t.is(
    codeOf(() => inviteToText({ ...invite, puzzleBits: 41 })),
    'TOO_LARGE',
  )
})

function sealed(bytes: Uint8Array): string {
  const checksum = domainHash('sheaf/1 invite', bytes).subarray(0, 4)
  return `sheaf1${base32nopad.encode(Buffer.concat([bytes, checksum])).toLowerCase()}`
}
