import test from 'brittle'
import { encode } from '../../src/base/codec.ts'
import { codeOf, SheafError } from '../../src/base/errors.ts'
import { formBlock } from '../../src/content/block.ts'
import { DEVICE_CERTIFICATE } from '../../src/content/device.ts'
import { PROFILE, profile } from '../../src/content/profile.ts'
import { signRecord } from '../../src/content/record.ts'
import { entityLocator } from '../../src/content/space.ts'
import { HOLDING } from '../../src/content/statement.ts'
import { tipsOf } from '../../src/content/tips.ts'
import { VERSION } from '../../src/content/version.ts'
import { DECLARED_MAX } from '../../src/node/declaring.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { type NodeOptions, World, type WorldNode } from '../helpers/world.ts'

const nameOf = (name: string, replaces: Uint8Array[] = []): Uint8Array =>
  encode(profile, { replaces, name, about: '', avatar: { type: 'none' } })

async function worldOf(names: string[], options: Record<string, NodeOptions> = {}): Promise<World> {
  const world = new World()
  for (const name of names) world.add(name, options[name])
  for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b)
  await world.settle()
  return world
}

const node = (world: World, name: string): WorldNode => world.nodes.get(name)!

function profilesOf(world: World, reader: string, of: string, isLocal = false) {
  const { entity } = node(world, of).actor
  return node(world, reader).run({
    type: 'records',
    locator: entityLocator(entity),
    kind: PROFILE,
    signer: entity,
    isLocal,
    untilMs: world.nowMs + 10_000,
  })
}

async function codeFrom(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof SheafError ? error.code : String(error)),
  )
}

test('declaring - a record is held by others, and a newcomer gathers it by its kind', async (t) => {
  const world = await worldOf(['ada', 'bo', 'cy'])
  const ada = node(world, 'ada')
  const { ids, batches } = await ada.run({
    type: 'declare',
    records: [{ kind: PROFILE, body: nameOf('Ada') }],
  })
  const progress = await ada.run({ type: 'held', batches, patienceMs: 10_000 })
  t.is(progress.held, 2)
  world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  await world.settle()
  const { records, asked } = await profilesOf(world, 'eve', 'ada')
  t.alike(
    records.map(({ id, type }) => [hex(id), type]),
    [[hex(ids[0]!), 'declared']],
  )
  t.alike(
    asked.map(({ answer }) => answer),
    ['found'],
  )
})

test('declaring - what was answered is there after a crash, and goes on to who comes', async (t) => {
  const world = await worldOf(['ada'])
  const { batches } = await node(world, 'ada').run({
    type: 'declare',
    records: [{ kind: PROFILE, body: nameOf('Ada') }],
  })
  world.restart('ada')
  world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  const progress = await node(world, 'ada').run({ type: 'held', batches, patienceMs: 10_000 })
  t.is(progress.held, 1)
  t.is((await profilesOf(world, 'bo', 'ada', true)).records.length, 1)
})

test('declaring - a record that names its predecessor replaces it, two beside each other are a fork', async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const ada = node(world, 'ada')
  const declare = async (...bodies: Uint8Array[]): Promise<Uint8Array[]> =>
    (await ada.run({ type: 'declare', records: bodies.map((body) => ({ kind: PROFILE, body })) })).ids
  const [first] = await declare(nameOf('Ada'))
  const fork = await declare(nameOf('Ada L.', [first!]), nameOf('A. L.', [first!]))
  const tips = async (): Promise<string[]> =>
    tipsOf((await profilesOf(world, 'bo', 'ada')).records.map(({ record }) => record)).map(({ id }) =>
      hex(id),
    )
  t.alike((await tips()).sort(), fork.map(hex).sort())
  const joined = await declare(nameOf('Ada Lovelace', fork))
  t.alike(await tips(), joined.map(hex))
})

test('declaring - nobody replaces what another entity says of itself', async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const records = [{ kind: PROFILE, body: nameOf('Ada') }]
  const { ids } = await node(world, 'ada').run({ type: 'declare', records })
  const network = world.network
  const author = node(world, 'bo').actor.identity.author!
  const draft = { kind: PROFILE, signer: author.entity, key: author.key, timeMs: world.nowMs }
  const body = nameOf('Mallory', ids)
  const theirs = signRecord({ ...draft, nonce: Buffer.alloc(8), body }, network, author.sign)
  const { records: ours } = await profilesOf(world, 'bo', 'ada')
  t.alike(
    tipsOf([...ours.map(({ record }) => record), theirs])
      .map(({ id }) => hex(id))
      .sort(),
    [hex(ids[0]!), hex(theirs.id)].sort(),
  )
})

test('declaring - a block that was signed elsewhere is taken where it verifies, and only then', async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const { author } = node(world, 'ada').actor.identity
  const draft = { kind: PROFILE, signer: author!.entity, key: author!.key, timeMs: world.nowMs }
  const record = signRecord(
    { ...draft, nonce: Buffer.alloc(8), body: nameOf('Ada') },
    world.network,
    author!.sign,
  )
  const block = formBlock(record)
  const { ids } = await node(world, 'ada').run({ type: 'declare', records: [{ block }] })
  t.is(hex(ids[0]!), hex(record.id))
  const bent = Uint8Array.from(block)
  bent[bent.length - 1]! ^= 1
  t.is(
    await codeFrom(node(world, 'ada').run({ type: 'declare', records: [{ block: bent }] })),
    'BAD_SIGNATURE',
  )
})

test('declaring - what is no record to declare is refused, and nothing of the rest is written', async (t) => {
  const world = await worldOf(['ada', 'eve'], { eve: { isReader: true } })
  const ada = node(world, 'ada')
  const before = ada.store.usage()
  const good = { kind: PROFILE, body: nameOf('Ada') }
  const declare = (name: string, kind: number, body: Uint8Array): Promise<string | undefined> =>
    codeFrom(node(world, name).run({ type: 'declare', records: [good, { kind, body }] }))
  for (const kind of [0, 1, DEVICE_CERTIFICATE, VERSION, 4, 127, HOLDING, 255]) {
    t.is(await declare('ada', kind, good.body), 'UNKNOWN_KIND', `kind ${kind}`)
  }
  t.is(
    await declare('ada', PROFILE, utf8('no profile')),
    codeOf(() => profile.decode(stateOf('no profile'))),
  )
  t.is(await declare('eve', PROFILE, good.body), 'NO_IDENTITY')
  const many = Array.from({ length: DECLARED_MAX + 1 }, () => good)
  t.is(await codeFrom(ada.run({ type: 'declare', records: many })), 'TOO_LARGE')
  t.alike(ada.store.usage(), before)
})

function stateOf(text: string) {
  const buffer = utf8(text)
  return { start: 0, end: buffer.byteLength, buffer }
}
