import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { SheafError } from '../../../src/base/errors.ts'
import { idFromText, idToText } from '../../../src/base/text-id.ts'
import { pageLocator } from '../../../src/content/space.ts'
import { normaliseMarkdown } from '../../../src/content/text.ts'
import type { Command } from '../../../src/node/commands.ts'
import type { BookmarkedJson } from '../../../src/node/io/control/bookmarks.ts'
import { ControlClient } from '../../../src/node/io/control/client.ts'
import type { DeclaredJson, MachinesJson, SaidHadJson } from '../../../src/node/io/control/entities.ts'
import type { RenderedJson } from '../../../src/node/io/control/rendering.ts'
import { ROUTES } from '../../../src/node/io/control/routes.ts'
import type { FoundJson, LinkJson, SearchDoneJson } from '../../../src/node/io/control/search-shapes.ts'
import { serveControl } from '../../../src/node/io/control/server.ts'
import {
  type BlameJson,
  type DiffJson,
  eventJson,
  type MergeJson,
  type PageJson,
  type RecentJson,
  type RuleJson,
} from '../../../src/node/io/control/shapes.ts'
import { fakeNode, HELD, idOf, TIME_MS } from '../../cli/fake-node.ts'
import { codeOfAsync } from '../../cli/fake-shell.ts'
import { parameters } from '../../helpers/seed.ts'
import { CONFIG, collect, linesOf, NOW_MS, publish, type Served, serve } from './control/served.ts'

/** What the cases need of a test: the types of brittle export no name for it. */
interface Assertions {
  is(actual: unknown, expected: unknown, message?: string): void
  alike(actual: unknown, expected: unknown, message?: string): void
  ok(value: unknown, message?: string): void
}

type Case = (served: Served, t: Assertions) => Promise<void>

/** More than one window of a reading. */
const LARGE = Buffer.alloc(9_000_000, 'bees and honey ')

function sendFile(
  client: ControlClient,
  path: string,
  bytes: Uint8Array,
  change: object = {},
): Promise<object[]> {
  const hash = idToText(createHash('sha256').update(bytes).digest())
  const query = { path, hash, bytes: bytes.byteLength, ...change }
  const chunks = (async function* () {
    for (let at = 0; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000)
  })()
  const file = { chunks, bytes: bytes.byteLength }
  return collect(client.stream('/v1/file', { method: 'POST', query, file }))
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** One for each route, by its name in the documentation. */
const CASES: Record<string, Case> = {
  'GET /v1/status': async ({ client, me }, t) => {
    const status = await client.ask<Record<string, unknown>>('/v1/status')
    t.is(status.entity, me)
    t.is(status.pid, process.pid)
    t.is(status.oldestPendingMs, null, 'what is absent is null')
    t.alike(status.shard, { depth: 0, address: idToText(idOf('address')) })
  },
  'GET /v1/peers': async ({ client }, t) => {
    const { peers } = await client.ask<{ peers: object[] }>('/v1/peers')
    t.is(peers.length, 1)
    t.alike(Object.keys(peers[0]!).sort(), [
      'acceptsStores',
      'connectedMs',
      'device',
      'entity',
      'score',
      'session',
      'why',
    ])
  },
  'GET /v1/get': async ({ client, me, node }, t) => {
    await publish(client, { path: 'garden/bees', text: '# Bees\n' })
    const page = await client.ask<PageJson>('/v1/get', { query: { page: '@me/garden/bees' } })
    t.is(page.page, `@${me}/garden/bees`)
    t.is(page.text, '# Bees\n')
    t.alike(await client.ask<PageJson>('/v1/get', { query: { id: page.id } }), page, 'the same by its id')
    await client.ask('/v1/get', { query: { page: `@${me}/garden/bees`, timeoutMs: 50 } })
    t.is((node.commands.at(-1) as { untilMs: number }).untilMs, NOW_MS + 50)
  },
  'GET /v1/render': async ({ client, me }, t) => {
    const text = '# Bees\n\n[[wasps#Nest]] ![a](https://images.example/a.png) <b>\n'
    await publish(client, { path: 'garden/bees', text })
    const ask = (query: Record<string, string>) =>
      client.ask<RenderedJson>('/v1/render', { query: { page: '@me/garden/bees', ...query } })
    const page = await ask({})
    t.is(page.page, `@${me}/garden/bees`)
    t.ok(page.html.includes(`<a class="wiki" href="sheaf:@${me}/wasps#user-content-nest">`), page.html)
    t.ok(page.html.includes('&#x3C;b>') && !page.html.includes('<img'))
    t.alike(page.toc, [{ depth: 1, text: 'Bees', id: 'user-content-bees' }])
    t.alike(page.links, [
      { target: 'wasps', section: 'Nest', shown: null, isEmbed: false, page: `@${me}/wasps` },
    ])
    t.is(page.problem, null)
    t.ok((await ask({ images: 'shown' })).html.includes('<img src="https://images.example/a.png"'))
    t.is(await codeOfAsync(ask({ images: 'all' })), 'BAD_ARGUMENT')
    await publish(client, { path: 'garden/bees', text: `${'> '.repeat(40)}deep & dark` })
    const deep = await ask({})
    t.is(deep.problem?.code, 'TOO_LARGE')
    t.ok(deep.html.endsWith('deep &#38; dark</code></pre>'))
  },
  'GET /v1/log': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const log = await client.ask<{ page: string; versions: object[] }>('/v1/log', {
      query: { page: '@me/a' },
    })
    t.is(log.page, `@${me}/a`)
    t.is(log.versions.length, 1)
    t.alike(Object.keys(log.versions[0]!).sort(), [
      'author',
      'content',
      'id',
      'isHead',
      'isTip',
      'page',
      'parents',
      'redirect',
      'summary',
      'textBytes',
      'timeMs',
    ])
  },
  'GET /v1/diff': async ({ client, me, node }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const diff = await client.ask<DiffJson>('/v1/diff', { query: { page: '@me/a' } })
    t.alike([diff.from, diff.to.page, diff.added], [null, `@${me}/a`, 1])
    t.alike(diff.hunks[0]?.lines, [{ type: 'added', text: 'text' }])
    await client.ask('/v1/diff', { query: { id: diff.to.id, from: '@me/b' } })
    const asked = node.commands.at(-1) as { from: { page: { path: string } } }
    t.is(asked.from.page.path, 'b')
    t.is(await codeOfAsync(client.ask('/v1/diff', { query: { page: '@me/a', from: 'b' } })), 'BAD_ARGUMENT')
  },
  'POST /v1/diff': async ({ client }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const { id } = await client.ask<{ id: string }>('/v1/diff', { method: 'POST', query: { page: '@me/a' } })
    t.is(id, idToText(idFromText(id)))
  },
  'POST /v1/merge': async ({ client, me, node }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const id = idToText(node.pages.get('a')!.id)
    const merge = (...lines: object[]): Promise<MergeJson> =>
      client.ask('/v1/merge', { method: 'POST', lines: linesOf(...lines) })
    const merged = await merge({ page: '@me/a', text: 'mine', parents: [id] })
    t.alike([merged.page, merged.ours, merged.theirs, merged.text], [`@${me}/a`, null, id, 'mine'])
    t.is((await merge({ page: '@me/a', ours: id, theirs: id })).ours, id)
    for (const wrong of [
      {},
      { page: '@me/a' },
      { page: '@me/a', text: '' },
      { page: '@me/a', ours: 'x' },
      { page: '@me/a', ours: id, text: '', parents: [] },
      { page: '@me/a', ours: id, more: 1 },
    ]) {
      t.is(await codeOfAsync(merge(wrong)), 'BAD_ARGUMENT', JSON.stringify(wrong))
    }
    t.is(await codeOfAsync(merge({ page: '@me/a', ours: id }, { page: '@me/a', ours: id })), 'BAD_ARGUMENT')
    t.is(await codeOfAsync(merge({ page: '@me/a', text: '\r\n', parents: [] })), 'BAD_TEXT')
  },
  'GET /v1/blame': async ({ client }, t) => {
    await publish(client, { path: 'a', text: 'one\ntwo' })
    const blame = await client.ask<BlameJson>('/v1/blame', { query: { page: '@me/a' } })
    const { id } = blame.of
    t.alike(blame.lines, [
      { text: 'one\n', version: id, line: 1, isBoundary: false },
      { text: 'two', version: id, line: 2, isBoundary: false },
    ])
    t.alike(blame.versions, [blame.of])
  },
  'GET /v1/recent': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: 'text' }, { path: 'b', text: '' })
    const recent = await client.ask<RecentJson>('/v1/recent', { query: { space: '@me', count: 1 } })
    t.alike([recent.space, recent.versions.length, recent.pages, recent.unseen], [`@${me}`, 1, 2, 0])
    for (const count of [0, 1001]) {
      t.is(await codeOfAsync(client.ask('/v1/recent', { query: { space: '@me', count } })), 'BAD_ARGUMENT')
    }
  },
  'GET /v1/search': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: '# A\n\nbees in winter' }, { path: 'b', text: 'soil' })
    const lines = await collect(client.stream('/v1/search', { query: { words: 'winter', limit: 5 } }))
    t.is(lines.length, 2)
    const found = lines[0] as FoundJson
    t.alike([found.type, found.page, found.isHere], ['result', `@${me}/a`, true])
    const [mark] = found.snippet.marks
    t.is(found.snippet.text.slice(mark!.from, mark!.to), 'winter')
    t.is((lines[1] as SearchDoneJson).share, 0.75)
    for (const wrong of [
      {},
      { words: 'a', limit: 0 },
      { words: 'a', limit: 51 },
      { words: 'a', local: 'x' },
    ]) {
      t.is(await codeOfAsync(collect(client.stream('/v1/search', { query: wrong }))), 'BAD_ARGUMENT')
    }
  },
  'GET /v1/links': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: '[[b]] [[c#d]]' }, { path: 'b', text: '' })
    const { page, links } = await client.ask<{ page: string; links: LinkJson[] }>('/v1/links', {
      query: { page: '@me/a' },
    })
    t.is(page, `@${me}/a`)
    t.alike(links, [
      { target: 'b', section: null, page: `@${me}/b`, state: 'ok', leadsTo: null },
      { target: 'c', section: 'd', page: `@${me}/c`, state: 'broken', leadsTo: null },
    ])
    t.is(await codeOfAsync(client.ask('/v1/links', { query: {} })), 'BAD_ARGUMENT')
  },
  'GET /v1/backlinks': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: '[[b]]' }, { path: 'b', text: '' })
    const found = await client.ask<object>('/v1/backlinks', { query: { page: '@me/b' } })
    t.alike(found, { page: `@${me}/b`, links: [{ page: `@${me}/a`, via: null }], isWhole: true })
    t.is(await codeOfAsync(client.ask('/v1/backlinks', { query: { page: 'b' } })), 'BAD_ARGUMENT')
  },
  'GET /v1/broken-links': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: '[[b]] [[c]]' }, { path: 'b', text: '' })
    const found = await client.ask<object>('/v1/broken-links', { query: { space: '@me' } })
    t.alike(found, {
      links: [{ from: `@${me}/a`, to: `@${me}/c`, state: 'broken' }],
      isWhole: true,
    })
    t.is(await codeOfAsync(client.ask('/v1/broken-links', { query: { space: 'x' } })), 'BAD_ARGUMENT')
  },
  'GET /v1/where': async ({ client }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const where = await client.ask<Record<string, unknown>>('/v1/where', { query: { page: '@me/a' } })
    t.alike(where.holders, [
      { device: idToText(idOf('peer')), entity: null, provenMs: TIME_MS, untilMs: null, isConnected: true },
    ])
  },
  'GET /v1/list': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: 'text' })
    const list = await client.ask<{ space: string; pages: { path: string }[] }>('/v1/list', {
      query: { space: '@me' },
    })
    t.is(list.space, `@${me}`)
    t.alike(
      list.pages.map(({ path }) => path),
      ['a'],
    )
  },
  'GET /v1/export': async ({ client, me }, t) => {
    await publish(client, { path: 'a', text: 'text' }, { path: 'b', text: '' })
    const lines = await collect(client.stream('/v1/export', { query: { space: `@${me}` } }))
    t.alike(
      lines.map((line) => (line as { type: string }).type),
      ['page', 'page', 'done'],
    )
    t.is((lines[0] as { text: string }).text, 'text')
  },
  'POST /v1/publish': async ({ client, me, node }, t) => {
    const pages = Array.from({ length: 600 }, (_, i) => ({ path: `p${i}`, text: `${i}` }))
    const lines = await publish(client, ...pages, { path: 'p0', delete: true })
    t.is(lines.length, 601 + 2 + 1)
    t.alike(lines[0], {
      type: 'stored',
      page: `@${me}/p0`,
      id: (lines[0] as { id: string }).id,
      status: 'stored',
    })
    t.alike(lines.at(-1), {
      type: 'done',
      stored: 601,
      unchanged: 0,
      stale: 0,
      held: 5,
      target: 5,
      peers: 6,
      isHeld: true,
    })
    const file = idToText(idOf('file'))
    await publish(client, { path: 'bee.png', file })
    const asked = node.commands.findLast((one) => one.type === 'publish')!
    t.alike(asked.type === 'publish' && asked.pages[0]!.fileOf, Uint8Array.from(idOf('file')))
    node.commands.splice(node.commands.indexOf(asked), 1)
    const commands = node.commands.filter(({ type }) => type === 'publish')
    t.alike(
      commands.map((command) => (command.type === 'publish' ? [command.pages.length, command.index] : [])),
      [
        [250, false],
        [250, false],
        [101, true],
      ],
      'the last batch, and only it, signs the index',
    )
    const parents = [idToText(idOf('one'))]
    await publish(
      client,
      { page: '@me/p1', redirect: '@me/p2', parents },
      { page: `@${idToText(idOf('other'))}/p1`, text: 'mine', parents, fork: true },
    )
    const made = node.commands.findLast((command) => command.type === 'publish')!
    const own = { type: 'entity', id: me }
    t.alike(eventJson(made), {
      type: 'publish',
      pages: [
        {
          space: own,
          path: 'p1',
          text: undefined,
          redirect: { space: own, path: 'p2' },
          parents,
        },
        {
          space: { type: 'entity', id: idToText(idOf('other')) },
          path: 'p1',
          text: Buffer.from('mine').toString('hex'),
          parents,
          isFork: true,
        },
      ],
      summary: '',
      index: true,
    })
    for (const wrong of [
      { path: 'a' },
      { path: 'a', page: '@me/a', text: '' },
      { path: 'a', text: '', delete: true },
      { path: 'a', text: '', parents: ['x'] },
      { path: 'a', text: '', parents: 'x' },
      { path: 'a', text: '', fork: 1 },
      { path: 'a', redirect: 'b' },
      { page: 'a', text: '' },
      { path: 'a', text: '', more: 1 },
    ]) {
      t.is(await codeOfAsync(publish(client, wrong)), 'BAD_ARGUMENT', JSON.stringify(wrong))
    }
  },
  'POST /v1/file': async ({ client, me, node }, t) => {
    const lines = await sendFile(client, 'garden/bee.png', LARGE)
    t.alike(
      lines.map((line) => (line as { type: string }).type),
      ['stowed', 'stowed', 'stored', 'held', 'held', 'done'],
    )
    t.is((lines[2] as { page: string }).page, `@${me}/garden/bee.png`)
    t.ok(
      node.commands.every((command) => command.type !== 'stow' || command.parts.length <= 4),
      'a few pieces at a time',
    )
    t.is(node.pages.get('garden/bee.png')!.file!.mediaType, 'image/png')
    t.alike((await sendFile(client, 'garden/bee.png', LARGE)).at(-1), {
      type: 'done',
      stored: 0,
      unchanged: 1,
      stale: 0,
      held: 5,
      target: 5,
      peers: 6,
      isHeld: true,
    })
    for (const [change, code] of [
      [{ bytes: LARGE.byteLength + 1 }, 'BAD_ARGUMENT'],
      [{ bytes: LARGE.byteLength - 1 }, 'BAD_ARGUMENT'],
      [{ hash: idToText(idOf('other')) }, 'BAD_HASH'],
      [{ path: '../bee' }, 'BAD_PATH'],
      [{ mediaType: 'Image/PNG' }, 'BAD_FORMAT'],
      [{ hash: undefined }, 'BAD_ARGUMENT'],
      [{ bytes: undefined }, 'BAD_ARGUMENT'],
    ] as const) {
      t.is(await codeOfAsync(sendFile(client, 'bee', LARGE, change)), code)
    }
  },
  'GET /v1/file': async ({ client, me }, t) => {
    await sendFile(client, 'garden/bee.png', LARGE)
    const query = { page: '@me/garden/bee.png' }
    const whole = await client.download('/v1/file', { query })
    t.is(whole.status, 200)
    t.is(whole.headers['content-type'], 'application/octet-stream')
    t.is(whole.headers['sheaf-media-type'], 'image/png')
    t.is(whole.headers['sheaf-page'], `@${me}/garden/bee.png`)
    t.ok(Buffer.compare(await bytesOf(whole.body), LARGE) === 0)
    const part = await client.download('/v1/file', { query, range: 'bytes=5000000-5000009' })
    t.is(part.status, 206)
    t.is(part.headers['content-range'], `bytes 5000000-5000009/${LARGE.byteLength}`)
    t.ok(Buffer.compare(await bytesOf(part.body), LARGE.subarray(5_000_000, 5_000_010)) === 0)
    const none = await client.download('/v1/file', { query, range: `bytes=${LARGE.byteLength}-` })
    t.is(none.status, 416)
    t.is((await bytesOf(none.body)).byteLength, 0)
    await publish(client, { path: 'a', text: 'text' })
    t.is(await codeOfAsync(client.download('/v1/file', { query: { page: '@me/a' } })), 'BAD_ARGUMENT')
    t.is(await codeOfAsync(client.download('/v1/file', { query: { page: '@me/b' } })), 'NOT_FOUND')
  },
  'POST /v1/replay': async ({ client, me, node }, t) => {
    const line = {
      path: 'a',
      text: 'one',
      parents: [] as number[],
      summary: 's',
      timeMs: 5,
      nonce: '0102030405060708',
    }
    const replay = (...lines: object[]) =>
      collect(client.stream('/v1/replay', { method: 'POST', lines: linesOf(...lines) })) as Promise<
        { type: string; number: number; page: string; status: string }[]
      >
    const many = Array.from({ length: 300 }, (_, i) => {
      return {
        ...line,
        text: `${i}`,
        parents: i === 0 ? [] : [i - 1],
        nonce: i.toString(16).padStart(16, '0'),
      }
    })
    const { text: _, ...plain } = line
    const said = await replay(
      ...many,
      { ...plain, delete: true, parents: [3, 299] },
      { ...plain, path: 'b.png', mediaType: 'image/png', base64: 'AAEC', parents: [300] },
    )
    t.alike(
      said.slice(299, 302).map(({ number, page, status }) => [number, page, status]),
      [
        [299, `@${me}/a`, 'stored'],
        [300, `@${me}/a`, 'stored'],
        [301, `@${me}/b.png`, 'stored'],
      ],
    )
    const commands = node.commands.flatMap((command) => (command.type === 'replay' ? [command] : []))
    t.alike(
      commands.map(({ versions, index }) => [versions.length, index]),
      [
        [256, false],
        [46, true],
      ],
    )
    const deleted = commands[1]!.versions[44]!
    t.ok(deleted.parents[0] instanceof Uint8Array, 'one of an earlier command goes by its id')
    t.is(deleted.parents[1], 43, 'one of the same by its place')
    for (const bad of [
      { ...line, parents: [0] },
      { ...line, parents: [-1] },
      { ...line, nonce: 'x' },
      { ...line, timeMs: -1 },
      { ...line, mediaType: 'a/b' },
      { ...plain },
    ]) {
      t.is(await codeOfAsync(replay(bad)), 'BAD_ARGUMENT', JSON.stringify(bad))
    }
    t.is(await codeOfAsync(replay({ ...line, path: '../a' })), 'BAD_PATH')
    t.is(await codeOfAsync(replay({ ...line, text: 'a\r\nb' })), 'BAD_TEXT')
    t.is(await codeOfAsync(replay({ ...plain, mediaType: 'A/B', base64: '' })), 'BAD_FORMAT')
  },
  'GET /v1/events': async ({ client, node }, t) => {
    node.events.push(
      { id: 1, timeMs: 1, type: 'connected' },
      { id: 2, timeMs: 2, type: 'connected', device: idOf('peer'), root: new Uint8Array([1, 2]) },
    )
    const events = client.stream('/v1/events', { query: { since: 1 } })
    t.alike((await events.next()).value, { type: 'listening', since: 1 })
    t.alike((await events.next()).value, {
      id: 2,
      timeMs: 2,
      type: 'connected',
      device: idToText(idOf('peer')),
      root: '0102',
    })
    const [signal] = node.watchers
    const left = new Promise((resolve) => signal!.addEventListener('abort', resolve))
    await events.return(undefined)
    await left
    t.ok(signal!.aborted, 'the node hears that the client has left')
  },
  'POST /v1/backup': async ({ client }, t) => {
    const json = { path: '/tmp/a.backup', keys: false }
    t.alike(await collect(client.stream('/v1/backup', { method: 'POST', json })), [
      { type: 'progress', blocks: 1_000 },
      { type: 'done', path: '/tmp/a.backup', blocks: 1_234, notes: 5, bytes: 67_890, hasKeys: false },
    ])
    for (const wrong of [{ path: 'a.backup', keys: true }, { path: '/a' }, { ...json, more: 1 }]) {
      const lines = collect(client.stream('/v1/backup', { method: 'POST', json: wrong }))
      t.is(await codeOfAsync(lines), 'BAD_ARGUMENT')
    }
  },
  'POST /v1/verify': async ({ client }, t) => {
    t.alike(await collect(client.stream('/v1/verify', { method: 'POST' })), [
      { type: 'progress', blocks: 1_000 },
      { type: 'done', checked: 1_234, bytes: 67_890, damaged: 0, misplaced: 0, isIndexWhole: true },
    ])
  },
  'POST /v1/bookmark': async ({ client, me, node }, t) => {
    const version = idToText(idOf('version'))
    const post = (json: object): Promise<BookmarkedJson> =>
      client.ask('/v1/bookmark', { method: 'POST', json })
    const done = await post({ page: '@me/a', version })
    t.alike([done.page, done.version, done.id], [`@${me}/a`, version, idToText(idOf('bookmark'))])
    t.alike(done.held.held, 5)
    t.is((await post({ page: '@me/a', version: null })).version, null)
    const asked = node.commands.filter((one) => one.type === 'bookmark')
    t.alike(
      asked.map((one) => one.version && idToText(one.version)),
      [version, undefined],
    )
    for (const bad of [{}, { page: '@me/a' }, { page: 'a', version }, { page: '@me/a', version: 'x' }]) {
      t.is(await codeOfAsync(post(bad)), 'BAD_ARGUMENT', JSON.stringify(bad))
    }
  },
  'GET /v1/profile': async ({ client, me }, t) => {
    const profile = await client.ask<Record<string, unknown>>('/v1/profile')
    t.alike([profile.entity, profile.name, profile.avatar], [me, 'Ann', null])
    const group = client.ask('/v1/profile', { query: { entity: `%${me}` } })
    t.is(await codeOfAsync(group), 'BAD_ARGUMENT')
  },
  'POST /v1/profile': async ({ client, node }, t) => {
    const json = { name: 'Ann', about: '', avatar: Buffer.from('GIF89a').toString('base64') }
    const { id, held } = await client.ask<DeclaredJson>('/v1/profile', { method: 'POST', json })
    t.alike([id, held.held], [idToText(idOf('profile')), 5])
    const asked = node.commands.find((one) => one.type === 'describe')
    t.alike(asked?.profile.avatar, { type: 'image', bytes: Buffer.from('GIF89a') })
    for (const bad of [{}, { name: 1 }, { ...json, avatar: 'no base64' }, { ...json, more: 1 }]) {
      t.is(await codeOfAsync(client.ask('/v1/profile', { method: 'POST', json: bad })), 'BAD_ARGUMENT')
    }
  },
  'GET /v1/devices': async ({ client, me }, t) => {
    const { entity, devices } = await client.ask<MachinesJson>('/v1/devices', { query: { entity: '@me' } })
    t.is(entity, me)
    t.alike(
      devices.map(({ isThis, revokedMs, had }) => [isThis, revokedMs !== null, had?.count]),
      [
        [true, false, 7],
        [false, true, undefined],
      ],
    )
  },
  'POST /v1/had': async ({ client, node }, t) => {
    const said = await client.ask<SaidHadJson>('/v1/had', { method: 'POST' })
    t.alike([said.id, said.count, said.isNew, said.held.held], [idToText(idOf('had')), 7, true, 5])
    t.ok(node.commands.some(({ type }) => type === 'sayHad'))
  },
  'POST /v1/devices/revoke': async ({ client, node }, t) => {
    const device = idToText(idOf('laptop'))
    await client.ask('/v1/devices/revoke', { method: 'POST', json: { device } })
    const asked = node.commands.find((one) => one.type === 'declare')
    t.alike(asked?.records, [{ kind: 6, body: Buffer.from(idOf('laptop')) }])
    const bad = client.ask('/v1/devices/revoke', { method: 'POST', json: { device: 'x' } })
    t.is(await codeOfAsync(bad), 'BAD_ARGUMENT')
  },
  'GET /v1/id': async ({ client, me, node }, t) => {
    const state = await client.ask<Record<string, unknown>>('/v1/id')
    t.is(state.entity, me)
    t.alike([state.signsWith, state.isRetired, state.isFrozen], [me, false, false])
    t.alike(state.chain, [{ id: me, position: 0, timeMs: TIME_MS }])
    t.is(await codeOfAsync(client.ask('/v1/id', { query: { entity: 'nobody' } })), 'BAD_ARGUMENT')
    t.alike(node.commands.at(-1), { type: 'keys' }, 'nobody is asked for our own')
    await client.ask('/v1/id', { query: { fresh: 'true', timeoutMs: 50 } })
    t.alike(node.commands.at(-1), { type: 'keys', untilMs: NOW_MS + 50 })
  },
  'POST /v1/id/rotate': async ({ client }, t) => {
    const post = (json: object): Promise<Record<string, unknown>> =>
      client.ask('/v1/id/rotate', { method: 'POST', json })
    const key = { secret: '11'.repeat(32), next: '22'.repeat(32) }
    const plan = await post({ ...key, isRehearsal: true })
    t.alike([plan.position, plan.standsBy, plan.batches], [1, 3, []])
    t.is(((await post(key)).batches as string[]).length, 1)
    for (const wrong of [
      {},
      { ...key, secret: '11' },
      { ...key, words: 'a b c' },
      { ...key, leaveOut: ['x'] },
    ]) {
      t.is(await codeOfAsync(post(wrong)), 'BAD_ARGUMENT')
    }
  },
  'POST /v1/id/readmit': async ({ client, me, node }, t) => {
    const post = (json: object): Promise<Record<string, unknown>> =>
      client.ask('/v1/id/readmit', { method: 'POST', json })
    t.is((await post({ entity: me, key: me })).entity, me)
    t.is(node.commands.at(-1)?.type, 'readmit')
    t.is(await codeOfAsync(post({ entity: me })), 'BAD_ARGUMENT')
  },
  'POST /v1/follow': async ({ client, me, node }, t) => {
    const post = (what: unknown): Promise<{ what: string; isNew: boolean }> =>
      client.ask('/v1/follow', { method: 'POST', json: { what }, query: { timeoutMs: 70 } })
    t.alike(await post('@me/bees'), {
      what: `@${me}/bees`,
      sinceMs: TIME_MS,
      keepers: 3,
      told: 2,
      toldMs: TIME_MS + 60_000,
      gatheredMs: TIME_MS,
      isNew: true,
    })
    t.is((node.commands.at(-1) as { untilMs: number }).untilMs, NOW_MS + 70)
    t.is((await post('@me')).what, `@${me}`)
    t.is((await post(`%${idToText(idOf('group'))}`)).isNew, true)
    for (const wrong of [1, undefined, 'bees', '@', '@me/../x'])
      t.ok(['BAD_ARGUMENT', 'BAD_PATH'].includes((await codeOfAsync(post(wrong)))!), String(wrong))
  },
  'POST /v1/unfollow': async ({ client, me }, t) => {
    const ask = (path: string): Promise<object> =>
      client.ask(path, { method: 'POST', json: { what: '@me/bees' } })
    await ask('/v1/follow')
    t.alike(await ask('/v1/unfollow'), { what: `@${me}/bees`, wasFollowed: true })
    t.alike(await ask('/v1/unfollow'), { what: `@${me}/bees`, wasFollowed: false })
  },
  'GET /v1/follows': async ({ client, me }, t) => {
    t.alike(await client.ask('/v1/follows'), { follows: [] })
    await client.ask('/v1/follow', { method: 'POST', json: { what: '@me' } })
    const { follows } = await client.ask<{ follows: { what: string }[] }>('/v1/follows')
    t.alike(
      follows.map(({ what }) => what),
      [`@${me}`],
    )
  },
  'GET /v1/versions': async ({ client, me, node }, t) => {
    const news = { type: 'version', page: `@${me}/bees`, version: idOf('v'), author: idOf('a'), claimedMs: 5 }
    node.events.push({ id: 1, timeMs: 1, ...news })
    const lines = client.stream('/v1/versions', { query: { of: '@me/bees' } })
    t.alike((await lines.next()).value, { type: 'listening', of: `@${me}/bees` })
    node.happens({ id: 2, timeMs: 1, ...news, page: `@${me}/wasps` }, { id: 3, timeMs: 1, ...news })
    t.alike(
      (await lines.next()).value,
      {
        type: 'version',
        page: `@${me}/bees`,
        author: idToText(idOf('a')),
        id: idToText(idOf('v')),
        timeMs: 5,
      },
      'neither what was told before nor what is another page',
    )
    await lines.return(undefined)
    const bad = client.stream('/v1/versions', { query: { of: 'bees' } })
    t.is(await codeOfAsync(bad.next()), 'BAD_ARGUMENT')
  },
  'GET /v1/rules': async ({ client, node }, t) => {
    t.alike(await client.ask('/v1/rules'), { rules: [] })
    node.rules = [{ type: 'deny', id: idOf('bees'), about: 'bees', why: 'w', sinceMs: 5 }]
    const rule = { type: 'deny', id: idToText(idOf('bees')), about: 'bees', why: 'w', sinceMs: 5 }
    t.alike(await client.ask('/v1/rules'), { rules: [rule] })
  },
  'POST /v1/rules': async ({ client, node }, t) => {
    const me = `@${idToText(node.entity)}`
    const post = (json: object): Promise<{ rule: RuleJson; isChanged: boolean }> =>
      client.ask('/v1/rules', { method: 'POST', json })
    const page = await post({ action: 'set', type: 'deny', what: '@me/bees', why: 'a reason' })
    t.alike([page.rule.about, page.rule.why, page.isChanged], [`${me}/bees`, 'a reason', true])
    const locator = pageLocator({ space: { type: 'entity', id: node.entity }, path: 'bees' })
    t.is(page.rule.id, idToText(locator))
    t.is((await post({ action: 'set', type: 'block', what: me })).rule.id, idToText(node.entity))
    t.is(
      (await post({ action: 'set', type: 'deny', what: idToText(idOf('x')) })).rule.id,
      idToText(idOf('x')),
    )
    t.is(node.rules.length, 3)
    t.is((await post({ action: 'lift', type: 'deny', what: `${me}/bees` })).isChanged, true)
    t.is((await post({ action: 'lift', type: 'deny', what: `${me}/bees` })).isChanged, false)
    t.is(node.rules.length, 2)
    for (const wrong of [
      {},
      { action: 'set', type: 'ban', what: me },
      { action: 'set', type: 'block', what: `${me}/bees` },
      { action: 'set', type: 'deny', what: 'bees' },
      { action: 'set', type: 'deny', what: `%${idToText(idOf('group'))}` },
      { action: 'set', type: 'deny', what: me, why: 'y'.repeat(501) },
      { action: 'set', type: 'deny', what: me, more: 1 },
      { action: 'set', type: 'block', what: me, files: true },
      { action: 'lift', type: 'deny', what: me, files: true },
    ]) {
      const code = await codeOfAsync(post(wrong))
      t.ok(code === 'BAD_ARGUMENT' || code === 'BAD_FORMAT', `${JSON.stringify(wrong).slice(0, 60)}: ${code}`)
    }
    t.is(node.rules.length, 2)
  },
  'POST /v1/stop': async ({ client, node }, t) => {
    t.alike(await client.ask('/v1/stop', { method: 'POST' }), { isStopping: true, pid: process.pid })
    await new Promise((resolve) => setImmediate(resolve))
    t.is(node.stops, 1)
  },
  'PUT /v1/log-level': async ({ client, node }, t) => {
    const answer = await client.ask('/v1/log-level', { method: 'PUT', json: { level: 'debug' } })
    t.alike(answer, { level: 'debug' })
    t.alike(node.levels, ['debug'])
    const wrong = client.ask('/v1/log-level', { method: 'PUT', json: { level: 'loud' } })
    t.is(await codeOfAsync(wrong), 'BAD_ARGUMENT')
  },
}

test('control - every route has its row in the documentation and its case here, and no other', (t) => {
  const names = ROUTES.map(({ method, path }) => `${method} ${path}`)
  const documented = readFileSync(new URL('../../../docs/CONTROL.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => /^\| `([A-Z]+ \/\S+)` \|([^|]*)\|/.exec(line)?.slice(1, 3) ?? [])
  t.alike(
    documented.filter((_, i) => i % 2 === 0),
    names,
  )
  t.alike(Object.keys(CASES).sort(), [...names].sort())
  const parameterNames = documented.filter((_, i) => i % 2 === 1).map((cell) => cell.match(/\w+(?=`)/g) ?? [])
  t.alike(
    parameterNames,
    ROUTES.map((route) => [...route.parameters]),
  )
})

for (const [name, run] of Object.entries(CASES)) {
  test(`control - ${name} answers as documented`, async (t) => run(await serve(t), t))
}

test('control - only its owner may open the socket, whatever the umask', async (t) => {
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const { socketPath } = await serve(t)
  t.is(statSync(socketPath).mode & 0o777, 0o600)
  t.is(statSync(join(socketPath, '..')).mode & 0o777, 0o700)
  t.is(process.umask(), 0, 'the umask is what it was')
})

test('control - a client that leaves is told of to the node, one that was answered is not waited for', async (t) => {
  const { client, node, socketPath } = await serve(t)
  const signals = waitingFor('where', node)
  const leaving = new AbortController()
  const other = new ControlClient({ socketPath, signal: leaving.signal })
  const asked = codeOfAsync(other.ask('/v1/where', { query: { page: '@me/bees' } }))
  const signal = await signals
  leaving.abort()
  t.is(await asked, 'CANCELLED')
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  t.ok(signal.aborted)
  t.ok(await client.ask('/v1/status'))
})

test('control - a client that waits while the node stops hears that it did, and not that it left', async (t) => {
  const { client, node, control } = await serve(t)
  const begun = waitingFor('where', node)
  const asked = codeOfAsync(client.ask('/v1/where', { query: { page: '@me/bees' } }))
  await begun
  await control.close()
  t.is(await asked, 'NOT_RUNNING')
})

/** Commands of this type wait until whoever gave one has left; resolves with the signal of the first. */
function waitingFor(type: Command['type'], { api }: Served['node']): Promise<AbortSignal> {
  const { run } = api
  return new Promise((begun) => {
    api.run = async (command, progress, signal) => {
      if (command.type !== type) return run(command, progress)
      begun(signal!)
      await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      throw new SheafError('CANCELLED', 'whoever asked has left')
    }
  })
}

test('control - a socket that a killed daemon left makes room, another file does not', async (t) => {
  const { socketPath, control, client, node } = await serve(t)
  const second = await serveControl(node.api, { socketPath, config: CONFIG })
  t.ok(await client.ask('/v1/status'), 'the newer one answers')
  await control.close()
  await second.close()
  t.absent(existsSync(socketPath))
  writeFileSync(socketPath, 'a file')
  t.is(await codeOfAsync(serveControl(node.api, { socketPath, config: CONFIG })), 'BAD_STORE')
  t.is(readFileSync(socketPath, 'utf8'), 'a file')
})

test('control - closing ends streams that would never end', async (t) => {
  const { client, control } = await serve(t)
  const events = client.stream('/v1/events')
  await events.next()
  await control.close()
  await control.close()
  const last = await events.next().catch((error: { code: string }) => error.code)
  t.ok(last === 'NOT_RUNNING' || (last as { done: boolean }).done === true)
  t.is(await codeOfAsync(client.ask('/v1/status')), 'NOT_RUNNING')
})

test('control - a text comes out as it went in, byte for byte', async (t) => {
  const { client, node } = await serve(t)
  const odd = [
    '',
    '\0',
    '\r',
    'a\rb\n',
    '\u2028\u2029',
    'a\ufeffb',
    '\u{1f41d}',
    '\u0301',
    '\ud7ff\ue000',
    '"\\/\b',
  ]
  const check = async (text: string) => {
    await publish(client, { path: 'page', text })
    t.alike(Buffer.from(node.pages.get('page')!.text), Buffer.from(text))
    const page = await client.ask<PageJson>('/v1/get', { query: { page: '@me/page' } })
    return page.text === text
  }
  for (const text of odd) t.ok(await check(text), JSON.stringify(text))
  const normal = fc
    .string({ unit: 'binary', maxLength: 200 })
    .map((text) => Buffer.from(normaliseMarkdown(Buffer.from(text)).bytes).toString())
  await fc.assert(fc.asyncProperty(normal, check), parameters({ numRuns: 30 }))
})

test('control - a path that comes twice is published twice, one after the other', async (t) => {
  const { client, node } = await serve(t)
  await publish(client, { path: 'a', text: '1' }, { path: 'b', text: '1' }, { path: 'a', text: '2' })
  const batches = node.commands.flatMap((command) =>
    command.type === 'publish' ? [command.pages.map(({ path }) => path)] : [],
  )
  t.alike(batches, [['a', 'b'], ['a']])
  t.is(Buffer.from(node.pages.get('a')!.text).toString(), '2')
})

test('control - what fails after the first line ends the stream with the error', async (t) => {
  const { client } = await serve(t, {
    held: () => {
      throw new Error('a bug')
    },
  })
  const lines = client.stream('/v1/publish', { method: 'POST', lines: linesOf({ path: 'a', text: '' }) })
  t.is(((await lines.next()).value as { type: string }).type, 'stored')
  t.is(await codeOfAsync(lines.next()), 'INTERNAL')
})

test('control - held tells what moves, and what it came to', async (t) => {
  const { client } = await serve(t, {
    held: (_, progress) => {
      for (const held of [0, 1, 2]) progress({ ...HELD, held, isHeld: false })
      return { ...HELD, held: 2, isHeld: false }
    },
  })
  const lines = await publish(client, { path: 'a', text: '' })
  t.alike(
    lines.flatMap((line) => ('held' in line ? [line.held] : [])),
    [0, 1, 2, 2, 2],
  )
  t.is((lines.at(-1) as { isHeld: boolean }).isHeld, false)
})

test('control - without an identity @me is nobody', async (t) => {
  const { entity, ...status } = await fakeNode().api.run({ type: 'status' })
  t.ok(entity)
  const { client } = await serve(t, { status: () => ({ ...status, entity: undefined }) })
  t.is(await codeOfAsync(client.ask('/v1/list', { query: { space: '@me' } })), 'NO_IDENTITY')
  t.is(await codeOfAsync(publish(client, { path: 'a', text: '' })), 'NO_IDENTITY')
})
