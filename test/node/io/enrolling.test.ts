import { randomBytes } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { networkOf } from '../../../src/base/network.ts'
import { createIdentity } from '../../../src/node/io/identity/create.ts'
import { askForDevice, pendingDevice } from '../../../src/node/io/identity/device-request.ts'
import {
  grantFor,
  requestFromText,
  requestToText,
  secretsFromGrant,
} from '../../../src/node/io/identity/enrolling.ts'
import { identityOf } from '../../../src/node/io/identity/identity.ts'
import { hex, refusal } from '../../helpers/bytes.ts'
import { exactly, id } from '../../helpers/generators.ts'
import { tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

const network = networkOf('test', 4)
const crypto = loadCrypto()
const random = (length: number): Uint8Array => randomBytes(length)
const at = { network, crypto, random, nowMs: 1_800_000_000_000 }

test('enrolling - a machine that was let in has the entity, its own device and a life of its own', async (t) => {
  const { secrets } = await createIdentity(at)
  const home = tempHome(t)
  const { line, device } = await askForDevice(home, network, { random })
  const grant = grantFor(requestFromText(line), secrets, at)
  const second = identityOf(secretsFromGrant(grant, pendingDevice(home), crypto), network, crypto)
  const first = identityOf(secrets, network, crypto)
  t.is(hex(second.entity), hex(first.entity))
  t.is(hex(second.device.publicKey), hex(device))
  t.not(hex(second.incarnation), hex(first.incarnation))
  t.not(hex(second.blocks[1]!.id), hex(first.blocks[1]!.id))
})

test('enrolling - a request that shows too little work gets no certificate', async (t) => {
  const { secrets } = await createIdentity(at)
  const asked = { network: 'test', device: new Uint8Array(32).fill(9), puzzle: new Uint8Array(8) }
  const hard = networkOf('test', 40)
  t.is(
    refusal(() => grantFor(asked, secrets, { ...at, network: hard })),
    'BAD_PUZZLE',
  )
})

test('enrolling - a request comes back as it was, and with any letter changed it is refused', (t) => {
  fc.assert(
    fc.property(id, exactly(8), fc.nat(), (device, puzzle, where) => {
      const line = requestToText({ network: 'test', device, puzzle })
      const back = requestFromText(line)
      const place = 13 + (where % (line.length - 13))
      const changed = line.slice(0, place) + (line[place] === 'a' ? 'b' : 'a') + line.slice(place + 1)
      return (
        hex(back.device) === hex(device) &&
        hex(back.puzzle) === hex(puzzle) &&
        refusal(() => requestFromText(changed)) === 'BAD_ARGUMENT'
      )
    }),
    parameters(),
  )
  t.pass()
})

test('enrolling - any text is refused with a code, as a request and as a grant', (t) => {
  const pending = {
    network: 'test',
    puzzleBits: 4,
    deviceSeed: new Uint8Array(32),
    incarnation: new Uint8Array(16),
  }
  const texts = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.stringMatching(/^sheaf-(device|grant)-[a-z2-7]{0,200}$/),
  )
  fc.assert(
    fc.property(texts, (text) => {
      return (
        refusal(() => requestFromText(text)) !== undefined &&
        refusal(() => secretsFromGrant(text, pending, crypto)) !== undefined
      )
    }),
    parameters(),
  )
  const long = `sheaf-grant-${'a'.repeat(4_000_000)}`
  t.is(
    refusal(() => secretsFromGrant(long, pending, crypto)),
    'BAD_ARGUMENT',
  )
})
