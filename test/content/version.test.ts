import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import { signRecord } from '../../src/content/record.ts'
import {
  decodeVersion,
  encodeVersion,
  VERSION,
  type VersionBody,
  versionBody,
} from '../../src/content/version.ts'
import { actor, START_MS } from '../helpers/actor.ts'
import { hex, plain, refusal, utf8 } from '../helpers/bytes.ts'

const network = networkOf('test', 4)
const ada = actor('ada', network)
const other = sha256(utf8('somebody else'))
const body: VersionBody = {
  space: { type: 'self' },
  path: 'garden/bees',
  parents: [sha256(utf8('a')), sha256(utf8('b'))],
  summary: 'joined',
  content: { type: 'redirect', space: { type: 'entity', id: other }, path: 'bees' },
}

const record = (of: VersionBody) => {
  const draft = {
    kind: VERSION,
    signer: ada.entity,
    key: ada.entity,
    timeMs: START_MS,
    nonce: new Uint8Array(8),
  }
  return signRecord({ ...draft, body: encodeVersion(of) }, network, ada.identity.author.sign)
}

test('version - its space is spelled out for the reader, its body stays as it is', (t) => {
  const version = decodeVersion(record(body))
  t.alike(plain(version.space), plain({ type: 'entity', id: ada.entity }))
  t.is(version.path, 'garden/bees')
  t.is(hex(encode(versionBody, decode(versionBody, encodeVersion(body)))), hex(encodeVersion(body)))
})

test('version - parents may lie on another page, and are each named once', (t) => {
  t.is(decodeVersion(record(body)).parents.length, 2)
  const twice = { ...body, parents: [other, Uint8Array.from(other)] }
  t.is(
    refusal(() => encodeVersion(twice)),
    'NOT_CANONICAL',
  )
  const sixteen = Array.from({ length: 16 }, (_, i) => sha256(Uint8Array.of(i)))
  t.is(decodeVersion(record({ ...body, parents: sixteen })).parents.length, 16)
  t.is(
    refusal(() => encodeVersion({ ...body, parents: [...sixteen, other] })),
    'TOO_LARGE',
  )
})

test('version - a redirect names no space that goes without saying', (t) => {
  const own = {
    ...body,
    content: { type: 'redirect' as const, space: { type: 'entity' as const, id: ada.entity }, path: 'a' },
  }
  t.is(
    refusal(() => decodeVersion(record(own))),
    'NOT_CANONICAL',
  )
  const there = { ...body, content: { ...own.content, path: '../a' } }
  t.is(
    refusal(() => encodeVersion(there)),
    'BAD_PATH',
  )
})

test('version - a text has at least one piece and a markup', (t) => {
  const text = { type: 'text' as const, markup: 1, textBytes: 0, textHash: other, pieces: 1, root: other }
  t.is(decodeVersion(record({ ...body, content: text })).content.type, 'text')
  for (const change of [
    { pieces: 0 },
    { pieces: 70 },
    { markup: 0 },
    { markup: 256 },
    { textBytes: 4 * 1024 * 1024 + 1 },
  ]) {
    t.is(
      refusal(() => encodeVersion({ ...body, content: { ...text, ...change } })),
      'TOO_LARGE',
      JSON.stringify(change),
    )
  }
})
