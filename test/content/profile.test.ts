import test from 'brittle'
import fc from 'fast-check'
import { decode, encode } from '../../src/base/codec.ts'
import {
  ABOUT_BYTES_MAX,
  AVATAR_BYTES_MAX,
  mediaOf,
  type Profile,
  profile,
  shortProfile,
} from '../../src/content/profile.ts'
import { hex, refusal, unhex } from '../helpers/bytes.ts'
import { BODIES } from '../helpers/generators.ts'
import { parameters } from '../helpers/seed.ts'

const ANN: Profile = { replaces: [], name: 'Ann', about: 'bees', avatar: { type: 'none' } }
const PNG = unhex('89504e470d0a1a0a0000000d49484452')

test('profile - an avatar is told by its first bytes, and what a browser would run is none', (t) => {
  t.is(mediaOf(PNG), 'image/png')
  t.is(mediaOf(unhex('ffd8ffe000104a464946')), 'image/jpeg')
  t.is(mediaOf(Buffer.from('GIF89a')), 'image/gif')
  t.is(mediaOf(Buffer.from('RIFF\u0001\u0002\u0003\u0004WEBPVP8 ')), 'image/webp')
  for (const other of [
    '<svg xmlns="http://www.w3.org/2000/svg">',
    '',
    'RIFF',
    '<html>',
    'GIF88a',
    '%PDF-1.7',
  ]) {
    t.is(
      refusal(() => mediaOf(Buffer.from(other))),
      'BAD_FORMAT',
      other,
    )
  }
})

test('profile - what is too long, or no name, is refused', (t) => {
  const form = (change: Partial<Profile>) => refusal(() => encode(profile, { ...ANN, ...change }))
  t.is(form({}), undefined)
  t.is(form({ about: 'a'.repeat(ABOUT_BYTES_MAX + 1) }), 'TOO_LARGE')
  t.is(form({ name: 'A\u202enn' }), 'BAD_TEXT')
  t.is(form({ name: '' }), 'BAD_TEXT')
  const large = Buffer.concat([PNG, new Uint8Array(AVATAR_BYTES_MAX)])
  t.is(form({ avatar: { type: 'image', bytes: large } }), 'TOO_LARGE')
  t.is(form({ avatar: { type: 'image', bytes: Buffer.from('<svg>') } }), 'BAD_FORMAT')
})

test('profile - its short form says what it replaces, and is short', (t) => {
  fc.assert(
    fc.property(BODIES.profile as fc.Arbitrary<Profile>, (one) => {
      const short = shortProfile(encode(profile, one))
      const back = decode(profile, short)
      return back.replaces.map(hex).join() === one.replaces.map(hex).join() && short.byteLength < 700
    }),
    parameters(),
  )
  t.pass()
})
