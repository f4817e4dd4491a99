import test from 'brittle'
import { encode } from '../../src/base/codec.ts'
import { loadCrypto } from '../../src/base/crypto.ts'
import { entityKeyPair, nextKeyCommitment } from '../../src/base/keys.ts'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { keyGenesis, NO_SIGNER, signGenesis, verifyGenesis } from '../../src/content/key.ts'
import { KeyBook } from '../../src/content/key-book.ts'
import { signRecord } from '../../src/content/record.ts'
import { START_MS, verify } from '../helpers/actor.ts'
import { hex, refusal } from '../helpers/bytes.ts'

const network = networkOf('test', 4)
const random = seededRandom('key')
const crypto = loadCrypto()
const [now, next] = [entityKeyPair(crypto, random(32)), entityKeyPair(crypto, random(32))]
const sign = (digest: Uint8Array) => crypto.sign(digest, now.secret)
const body = { publicKey: now.publicKey, next: nextKeyCommitment(next.publicKey) }
const genesis = signGenesis(body, { timeMs: START_MS, nonce: random(8) }, network, sign)

test('key - the id of the genesis is the id of the entity', (t) => {
  const key = verifyGenesis(genesis, body, network, verify)
  t.is(hex(key.id), hex(genesis.id))
  t.is(hex(key.entity), hex(genesis.id))
  t.is(hex(key.publicKey), hex(now.publicKey))
})

test('key - a genesis is signed by the key that it names, on its network, and names nobody before it', (t) => {
  t.is(
    refusal(() => verifyGenesis(genesis, { ...body, publicKey: next.publicKey }, network, verify)),
    'BAD_SIGNATURE',
  )
  t.is(
    refusal(() => verifyGenesis(genesis, body, networkOf('other', 4), verify)),
    'BAD_SIGNATURE',
  )
  const draft = {
    kind: 1,
    signer: NO_SIGNER,
    key: NO_SIGNER,
    timeMs: START_MS,
    nonce: random(8),
    body: encode(keyGenesis, body),
  }
  for (const change of [{ signer: genesis.id, key: genesis.id }, { key: genesis.id }, { kind: 2 }]) {
    const record = signRecord({ ...draft, ...change }, network, sign)
    t.is(
      refusal(() => verifyGenesis(record, body, network, verify)),
      'BAD_CHAIN',
      Object.keys(change).join(),
    )
  }
})

test('key - a thief of the key cannot make the same identity with another next key', (t) => {
  const thiefs = { ...body, next: nextKeyCommitment(now.publicKey) }
  const forged = signGenesis(thiefs, { timeMs: START_MS, nonce: genesis.nonce }, network, sign)
  t.unlike(hex(forged.id), hex(genesis.id), 'it is another entity')
})

test('key book - keys by the id of their record, and the oldest leaves when there are too many', (t) => {
  const book = new KeyBook()
  const key = verifyGenesis(genesis, body, network, verify)
  t.absent(book.has(genesis.id))
  book.add(key)
  const kept = book.get(Buffer.from(genesis.id))!
  t.alike(Buffer.from(kept.publicKey), Buffer.from(key.publicKey))
  t.is(kept.record.bytes.buffer.byteLength, genesis.bytes.byteLength, 'in memory of its own')
  for (let i = 0; i < 10_000; i++) {
    const id = Buffer.alloc(32)
    id.writeUInt32LE(i)
    book.add({ ...key, id })
  }
  t.absent(book.has(genesis.id))
})
