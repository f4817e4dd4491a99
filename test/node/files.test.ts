/** Files of any bytes and their way: stowed at home, kept by peers, read by range from several of them at once. */
import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { asSheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { FILE_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { type PieceEntry, pieceOf } from '../../src/content/piece.ts'
import { fileLocator, pageLocator } from '../../src/content/space.ts'
import type { Published } from '../../src/node/commands.ts'
import { READ_BYTES_MAX } from '../../src/node/files.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { result } from '../../src/node/wire.ts'
import { hex } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const noise = (bytes: number, seed = 'noise'): Uint8Array => seededRandom(seed)(bytes)
/** Forty pieces, the last of them short. */
const FILE = noise(39 * PIECE_TEXT_BYTES_MAX + 7)

async function stow(node: WorldNode, bytes: Uint8Array) {
  const fileHash = sha256(bytes)
  const about = { type: 'stow' as const, fileHash, fileBytes: bytes.byteLength }
  await node.run({ ...about, parts: [] })
  const pieces: PieceEntry[] = []
  for (let at = 0; at < bytes.byteLength; at += PIECE_TEXT_BYTES_MAX) {
    pieces.push(...(await node.run({ ...about, parts: [bytes.subarray(at, at + PIECE_TEXT_BYTES_MAX)] })))
  }
  return { mediaType: 'image/png', fileHash, pieces, only: undefined }
}

async function publishFile(node: WorldNode, path: string, bytes: Uint8Array): Promise<Published> {
  const file =
    bytes.byteLength > PIECE_TEXT_BYTES_MAX
      ? await stow(node, bytes)
      : {
          mediaType: 'image/png',
          fileHash: sha256(bytes),
          pieces: [{ ...pieceOf(bytes), bytes: pieceOf(bytes).bytes.byteLength }],
          only: pieceOf(bytes).bytes,
        }
  return node.run({ type: 'publish', pages: [{ path, text: undefined, file }], summary: '', index: true })
}

async function readAll(world: World, node: WorldNode, ada: WorldNode, path: string): Promise<Uint8Array> {
  const page = { space: { type: 'entity' as const, id: ada.actor.entity }, path }
  const { id, file } = await node.run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  const parts: Uint8Array[] = []
  for (let from = 0; from < file!.fileBytes; from += READ_BYTES_MAX) {
    const to = Math.min(file!.fileBytes, from + READ_BYTES_MAX)
    parts.push(await node.run({ type: 'read', id, from, to, untilMs: world.nowMs + 10_000 }))
  }
  return Buffer.concat(parts)
}

async function worldOf(names: string[], depth = 0): Promise<{ world: World; node(name: string): WorldNode }> {
  const world = new World()
  for (const name of names) world.add(name, { depth })
  for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b)
  await world.settle()
  return { world, node: (name) => world.nodes.get(name)! }
}

async function held(node: WorldNode, { batches }: Published) {
  return node.run({ type: 'held', batches, patienceMs: 10_000 })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => asSheafError(error).code,
  )
}

test('files - bytes that are no text come out as they went in, at home and at a stranger, and say what they are', async (t) => {
  const { world, node } = await worldOf(['ada', 'bo', 'cy'])
  const ada = node('ada')
  for (const [path, bytes] of [
    ['empty', new Uint8Array(0)],
    ['short.png', Uint8Array.of(0xff, 0, 13, 10, 0xc3)],
    ['long.png', FILE],
  ] as const) {
    const published = await publishFile(ada, path, bytes)
    t.ok((await held(ada, published)).isHeld, `${path} is held`)
    t.is((await publishFile(ada, path, bytes)).pages[0]!.status, 'unchanged')
    t.is(hex(sha256(await readAll(world, ada, ada, path))), hex(sha256(bytes)))
    t.is(hex(sha256(await readAll(world, node('bo'), ada, path))), hex(sha256(bytes)))
  }
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const log = await node('bo').run({
    type: 'log',
    page: { space, path: 'long.png' },
    untilMs: world.nowMs + 1_000,
  })
  t.alike(
    log.map(({ content, textBytes }) => [content, textBytes]),
    [['file', FILE.byteLength]],
  )
  const told: unknown[] = []
  await node('bo').run({ type: 'export', space, untilMs: world.nowMs + 10_000 }, (page) => told.push(page))
  t.is(told.length, 3, 'an export names files, and leaves their bytes to whoever wants them')
  t.ok(told.every((page) => (page as { file?: { mediaType: string } }).file?.mediaType === 'image/png'))
})

test('files - a range takes its pieces and no others, from several peers at once', async (t) => {
  const { world, node } = await worldOf(['ada', 'bo', 'cy'])
  const ada = node('ada')
  const published = await publishFile(ada, 'long.png', FILE)
  await held(ada, published)
  const { id } = published.pages[0]!
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  world.connect('eve', 'cy')
  await world.settle()
  const piecesHere = async () => (await eve.store.at(fileLocator(sha256(FILE)), 1_000, 0)).length
  const range = { from: 3 * PIECE_TEXT_BYTES_MAX - 5, to: 3 * PIECE_TEXT_BYTES_MAX + 5 }
  const part = await eve.run({ type: 'read', id, ...range, untilMs: world.nowMs + 10_000 })
  t.is(hex(part), hex(FILE.subarray(range.from, range.to)))
  t.is(await piecesHere(), 1 + 2, 'the table and two pieces')

  const found = new Map<string, number>()
  world.tamper = (from, to, name, message) => {
    if (to === 'eve' && name === 'result') {
      const items = decode(result, message).items.filter(({ answer }) => answer.type === 'found')
      found.set(from, (found.get(from) ?? 0) + items.length)
    }
    return message
  }
  t.is(hex(sha256(await readAll(world, eve, ada, 'long.png'))), hex(sha256(FILE)))
  t.is(await piecesHere(), 1 + 40, 'what was fetched stays')
  t.ok(found.get('bo')! > 8 && found.get('cy')! > 8, `${[...found.values()]} from each`)
  await world.advance(100)
  const before = [...found.values()]
  await eve.run({ type: 'read', id, from: 0, to: 1_000_000, untilMs: world.nowMs + 10_000 })
  t.alike([...found.values()], before, 'and is not asked for again')

  t.is(
    (await eve.run({ type: 'read', id, from: FILE.byteLength, to: FILE.byteLength + 1, untilMs: 0 }))
      .byteLength,
    0,
  )
  t.is(await codeOf(eve.run({ type: 'read', id, from: 0, to: READ_BYTES_MAX + 1, untilMs: 0 })), 'TOO_LARGE')
})

test('files - whoever sends a wrong piece is named, and the others have it', async (t) => {
  const { world, node } = await worldOf(['ada', 'bo', 'cy'])
  const ada = node('ada')
  await held(ada, await publishFile(ada, 'long.png', FILE))
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  world.connect('eve', 'cy')
  await world.settle()
  const seventh = hex(pieceOf(FILE.subarray(7 * PIECE_TEXT_BYTES_MAX, 8 * PIECE_TEXT_BYTES_MAX)).hash)
  let isSpoiled = false
  let liar = ''
  world.tamper = (from, to, name, message) => {
    if (to !== 'eve' || name !== 'result' || isSpoiled) return message
    const said = decode(result, message)
    const items = said.items.map((item) => {
      if (item.answer.type !== 'found' || hex(sha256(item.answer.bytes)) !== seventh) return item
      isSpoiled = true
      liar = from
      const wrong = Uint8Array.from(item.answer.bytes)
      wrong[30]! ^= 1
      return { ...item, answer: { ...item.answer, bytes: wrong } }
    })
    return isSpoiled ? encode(result, { ...said, items }) : message
  }
  t.is(hex(sha256(await readAll(world, eve, ada, 'long.png'))), hex(sha256(FILE)))
  t.ok(isSpoiled)
  const faults = eve.events.filter(({ type }) => type === 'fault')
  t.alike(
    faults.map(({ device, code }) => [hex(device as Uint8Array), code]),
    [[hex(node(liar).actor.device.publicKey), 'BAD_HASH']],
  )
})

test('files - equal files of several pages are kept once, and each page by itself', async (t) => {
  const { node } = await worldOf(['ada', 'bo'])
  const ada = node('ada')
  await held(ada, await publishFile(ada, 'a.png', FILE))
  const before = node('bo').store.usage()
  await held(ada, await publishFile(ada, 'b/again.png', FILE))
  const after = node('bo').store.usage()
  t.ok(after.bytes - before.bytes < 2_000, `${after.bytes - before.bytes} bytes for the second`)
})

test('files - where the keepers of a file are others than those of its page, both have what they keep', async (t) => {
  const names = ['ada', 'bo', 'cy', 'di', 'ed', 'flo', 'gus', 'hal']
  const { world, node } = await worldOf(names, 1)
  const ada = node('ada')
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const bit = (point: Uint8Array): number => point[0]! >> 7
  const fileBit = bit(fileLocator(sha256(FILE)))
  const path = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find(
    (name) => bit(pageLocator({ space, path: name })) !== fileBit,
  )!
  const published = await publishFile(ada, path, FILE)
  t.ok((await held(ada, published)).isHeld)
  const eve = world.add('eve', { isReader: true, depth: 1 })
  for (const name of names.slice(1)) world.connect('eve', name)
  await world.settle()
  t.is(hex(sha256(await readAll(world, eve, ada, path))), hex(sha256(FILE)))
  const { id } = published.pages[0]!
  for (const name of names.slice(1)) {
    const pieces = (await node(name).store.at(fileLocator(sha256(FILE)), 100, 0)).length
    const [version] = await node(name).store.meta([id])
    t.ok(
      pieces === 0 || (pieces === 41 && version !== undefined),
      `${name} has all of it and its version, or nothing`,
    )
  }
})

test('files - one that does not fit is refused before its first piece, and what is here counts once', async (t) => {
  const world = new World()
  const quotaBytes = FILE.byteLength + 100_000
  const ada = world.add('ada', { quotaBytes, store: new MemoryStore(undefined, quotaBytes) })
  await world.settle()
  const huge = { type: 'stow' as const, fileHash: sha256(FILE), parts: [] }
  t.is(await codeOf(ada.run({ ...huge, fileBytes: 2 * FILE.byteLength })), 'QUOTA_FULL')
  t.is(await codeOf(ada.run({ ...huge, fileBytes: FILE_BYTES_MAX + 1 })), 'TOO_LARGE')
  await stow(ada, FILE)
  t.is((await publishFile(ada, 'long.png', FILE)).pages[0]!.status, 'stored', 'sent again after a break')
})

test('files - a version names only pieces that are stored, and a text is no file', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const hash = sha256(FILE)
  const pieces = [1, 2].map((textBytes) => ({ hash, bytes: 100, textBytes }))
  const file = { mediaType: 'a/b', fileHash: hash, pieces, only: undefined }
  const publish = { type: 'publish' as const, summary: '', index: true }
  t.is(await codeOf(ada.run({ ...publish, pages: [{ path: 'a', text: undefined, file }] })), 'BAD_ARGUMENT')
  const { pages } = await ada.run({ ...publish, pages: [{ path: 'a', text: Buffer.from('text') }] })
  t.is(await codeOf(ada.run({ type: 'read', id: pages[0]!.id, from: 0, to: 1, untilMs: 0 })), 'BAD_ARGUMENT')
})

test('files - the file of a version goes on another page without being sent in again, fetched first where it is not here', async (t) => {
  const { world, node } = await worldOf(['ada', 'bo'])
  const [ada, bo] = [node('ada'), node('bo')]
  for (const [path, bytes] of [
    ['long', FILE],
    ['short', FILE.subarray(0, 100)],
  ] as const) {
    const { pages } = await publishFile(ada, path, bytes)
    const { id } = pages[0]!
    const moved = { path: `new/${path}`, text: undefined, fileOf: id, parents: [id] }
    const renamed = await ada.run({ type: 'publish', pages: [moved], summary: '', index: true })
    t.is(renamed.pages[0]!.status, 'stored')
    await world.advance(60_000)
    t.alike(await readAll(world, bo, ada, `new/${path}`), Buffer.from(bytes))
    // Bo has the version, and of the long one nothing else: he puts the same file on a page of his own.
    const copied = { path, text: undefined, fileOf: id }
    const copy = await bo.run({
      type: 'publish',
      pages: [copied],
      summary: '',
      index: true,
      untilMs: world.nowMs + 10_000,
    })
    t.is(copy.pages[0]!.status, 'stored')
    t.alike(await readAll(world, bo, bo, path), Buffer.from(bytes))
    const again = await bo.run({
      type: 'publish',
      pages: [copied],
      summary: '',
      index: true,
      untilMs: world.nowMs + 10_000,
    })
    t.is(again.pages[0]!.status, 'unchanged')
  }
  const words = await ada.run({
    type: 'publish',
    pages: [{ path: 'words', text: Buffer.from('words') }],
    summary: '',
    index: true,
  })
  const wrong = { path: 'wrong', text: undefined, fileOf: words.pages[0]!.id }
  const code = await ada.run({ type: 'publish', pages: [wrong], summary: '', index: true }).then(
    () => 'stored',
    (error) => asSheafError(error).code,
  )
  t.is(code, 'BAD_ARGUMENT', 'a text is no file')
})
