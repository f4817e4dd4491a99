/** A node without a network: pages in a map behind the interface that the faces use, for tests of the faces. */

import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { SheafError } from '../../src/base/errors.ts'
import { equalBytes } from '../../src/base/hash.ts'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import { diffTexts } from '../../src/content/diff.ts'
import type { FileDraft } from '../../src/content/file.ts'
import { decompress } from '../../src/content/gzip.ts'
import { linesOf } from '../../src/content/lines.ts'
import { linksIn } from '../../src/content/links.ts'
import { pieceOf } from '../../src/content/piece.ts'
import { snippetOf } from '../../src/content/search/snippet.ts'
import type { Space } from '../../src/content/space.ts'
import type {
  Answers,
  Command,
  CommandProgress,
  GotFile,
  GotPage,
  HeldProgress,
  NodeApi,
} from '../../src/node/commands.ts'
import { type Followed, placesOf, type Subject } from '../../src/node/followed.ts'
import type { KeyState } from '../../src/node/key-commands.ts'
import type { OldVersion } from '../../src/node/old-version.ts'
import { changedRules, type Rule } from '../../src/node/rules.ts'
import type { ScrubReport } from '../../src/node/store.ts'
import type { NamedVersion } from '../../src/node/version-answers.ts'

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>
type Progress = (value: CommandProgress) => void

/** What a test wants answered otherwise. */
export type Overrides = {
  [T in Command['type']]?: (command: CommandOf<T>, progress: Progress) => Promise<Answers[T]> | Answers[T]
}

export interface FakePage {
  id: Uint8Array
  text: Uint8Array
  file?: GotFile
}

export interface FakeNode {
  api: NodeApi
  entity: Uint8Array
  /** All that was asked, in order. */
  commands: Command[]
  /** Of the own space, by path. */
  pages: Map<string, FakePage>
  /** What was stowed, by the hash of its file. */
  stowed: Map<string, Uint8Array[]>
  /** What was replayed, by its id. */
  replayed: Map<string, OldVersion & { id: Uint8Array }>
  events: { id: number; timeMs: number; type: string; [field: string]: unknown }[]
  /** Adds events that whoever watches hears of. */
  happens(...events: FakeNode['events']): void
  watchers: AbortSignal[]
  stops: number
  levels: string[]
  /** What a scrub finds beside nothing. */
  scrub: Partial<ScrubReport>
  rules: readonly Rule[]
  followed: Subject[]
}

export const HELD: HeldProgress = {
  held: 5,
  target: 5,
  peers: 6,
  batches: 1,
  batchesHeld: 1,
  isHeld: true,
}

export const TIME_MS = 1_700_000_000_000

export function idOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

/** What a machine says that it has. */
const HAD = {
  ...{ id: idOf('had'), root: idOf('root'), incarnation: new Uint8Array(16).fill(1) },
  ...{ timeMs: TIME_MS, count: 7, bytes: 70_000, isStale: false },
}

export function fakeNode(overrides: Overrides = {}): FakeNode {
  const entity = idOf('entity')
  const wakes = new Set<() => void>()
  const node: FakeNode = {
    happens: (...events) => {
      node.events.push(...events)
      for (const wake of wakes) wake()
      wakes.clear()
    },
    entity,
    commands: [],
    pages: new Map(),
    stowed: new Map(),
    replayed: new Map(),
    events: [],
    watchers: [],
    stops: 0,
    levels: [],
    scrub: {},
    followed: [],
    rules: [],
    api: {
      async run<T extends Command['type']>(command: CommandOf<T>, progress: Progress = () => {}) {
        node.commands.push(command)
        const type: T = command.type
        const answer = overrides[type] ?? ANSWERS[type]
        return (await (answer as (...args: unknown[]) => unknown)(command, progress)) as Answers[T]
      },
      lastEvent: () => node.events.at(-1)?.id ?? 0,
      async *events(since, signal) {
        node.watchers.push(signal)
        let last = since
        while (!signal.aborted) {
          const fresh = node.events.filter(({ id }) => id > last)
          last = Math.max(last, ...fresh.map(({ id }) => id))
          if (fresh.length > 0) {
            yield* fresh
            continue
          }
          await new Promise<void>((resolve) => {
            wakes.add(resolve)
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        }
      },
      async backup(path, { withKeys }, tell) {
        tell(1_000)
        return { path, blocks: 1_234, notes: 5, bytes: 67_890, hasKeys: withKeys }
      },
      async verify(tell) {
        tell(1_000)
        return { checked: 1_234, bytes: 67_890, damaged: 0, misplaced: 0, isIndexWhole: true, ...node.scrub }
      },
      rules: () => node.rules,
      rule: async (change) => {
        const changed = changedRules(node.rules, change)
        node.rules = changed.rules
        return { isChanged: changed.isChanged, ended: 0 }
      },
      rotate: async ({ isRehearsal }) => ({
        position: 1,
        isCurrent: false,
        standsBy: 3,
        leftOut: 0,
        genesis: new Uint8Array(0),
        chain: [],
        certificate: undefined,
        batches: isRehearsal ? [] : [idOf('batch')],
      }),
      stop: () => {
        node.stops += 1
      },
      setLogLevel: (level) => {
        node.levels.push(level)
      },
      reachability: () => ({ host: '192.0.2.7', port: 49_737, isFirewalled: true, isRandomized: false }),
    },
  }

  const keyState: KeyState = {
    entity,
    device: idOf('device'),
    network: 'test',
    signsWith: entity,
    isRetired: false,
    publicKey: new Uint8Array(33),
    next: nextKeyCommitment(new Uint8Array(33)),
    chain: [{ id: entity, position: 0, timeMs: TIME_MS }],
    rivals: [],
    asked: [],
  }
  const ANSWERS: Required<Overrides> = {
    status: () => ({
      entity,
      device: idOf('device'),
      incarnation: new Uint8Array(16),
      network: 'test',
      startedMs: TIME_MS,
      nowMs: TIME_MS + 90_000,
      peers: 6,
      peersAcceptingStores: 5,
      stored: { blocks: 3, bytes: 4096, damaged: 0, usedBytes: 4696, quotaBytes: 2 ** 30 },
      shard: { depth: 0, address: idOf('address') },
      pendingBatches: 0,
      oldestPendingMs: undefined,
      queriesServed: 7,
      queriesWaiting: 0,
      lastError: undefined,
      clock: { aheadMs: -300_000, peers: 6 },
    }),
    keys: () => keyState,
    readmit: () => keyState,
    rotate: ({ isRehearsal }) => ({
      position: 1,
      isCurrent: false,
      standsBy: 3,
      leftOut: 0,
      genesis: new Uint8Array(0),
      chain: [],
      certificate: undefined,
      batches: isRehearsal ? [] : [idOf('batch')],
    }),
    obey: () => ({ ended: 0 }),
    follow: ({ subject }) => {
      const isNew = !node.followed.some((one) => isSame(one, subject))
      if (isNew) node.followed.push(subject)
      return { ...followedOf(subject), isNew }
    },
    unfollow: ({ subject }) => {
      const at = node.followed.findIndex((one) => isSame(one, subject))
      if (at >= 0) node.followed.splice(at, 1)
      return { wasFollowed: at >= 0 }
    },
    following: () => node.followed.map(followedOf),
    peers: () => [
      {
        device: idOf('peer'),
        entity: undefined,
        session: 'open',
        acceptsStores: true,
        score: 0.5,
        why: ['thanked'],
        connectedMs: 60_000,
      },
    ],
    publish: ({ pages }) => ({
      batches: [idOf('batch')],
      pages: pages.map(({ space = { type: 'entity', id: entity }, path, text, file }) => {
        const before = node.pages.get(path)
        if (file !== undefined) return { space, path, ...putFile(path, file) }
        if (text === undefined) node.pages.delete(path)
        else if (before !== undefined && equalBytes(before.text, text)) {
          return { space, path, id: before.id, status: 'unchanged' }
        }
        const id = idOf(`${path} ${Buffer.from(text ?? []).toString('hex')}`)
        if (text !== undefined) node.pages.set(path, { id, text })
        return { space, path, id, status: 'stored' }
      }),
    }),
    declare: ({ records }) => ({
      ids: records.map((_, i) => idOf(`declared ${i}`)),
      batches: [idOf('batch')],
    }),
    records: () => ({ records: [], asked: [] }),
    profile: ({ entity }) => ({
      id: idOf('profile'),
      entity,
      timeMs: TIME_MS,
      profile: { replaces: [], name: 'Ann', about: 'I keep bees.', avatar: { type: 'none' } },
      otherTips: [],
      asked: [],
    }),
    sayHad: () => ({
      ids: [HAD.id],
      batches: [idOf('batch')],
      count: HAD.count,
      bytes: HAD.bytes,
      isNew: true,
    }),
    bookmark: () => ({ ids: [idOf('bookmark')], batches: [idOf('batch')] }),
    describe: () => ({ ids: [idOf('profile')], batches: [idOf('batch')] }),
    machines: ({ entity }) => ({
      entity,
      machines: [
        { device: idOf('device'), sinceMs: TIME_MS, revokedMs: undefined, had: HAD },
        { device: idOf('laptop'), sinceMs: TIME_MS + 1, revokedMs: TIME_MS + 2, had: undefined },
      ],
      asked: [],
    }),
    held: (_, progress) => {
      progress({ ...HELD, held: 2, batchesHeld: 0, isHeld: false })
      return HELD
    },
    stow: ({ fileHash, parts }) => {
      const key = hexOf(fileHash)
      node.stowed.set(key, [...(node.stowed.get(key) ?? []), ...parts.map((part) => Uint8Array.from(part))])
      return parts.map((part) => {
        const { hash, bytes, textBytes } = pieceOf(part)
        return { hash, bytes: bytes.byteLength, textBytes }
      })
    },
    replay: ({ versions }) => ({
      batches: [idOf('batch')],
      pages: versions.map((version) => {
        const { path, text, nonce } = version
        const id = idOf(`${path} ${hexOf(nonce)}`)
        const isHere = node.replayed.has(hexOf(id))
        node.replayed.set(hexOf(id), { ...version, id })
        if (text === undefined) node.pages.delete(path)
        else node.pages.set(path, { id, text })
        return { space: { type: 'entity', id: entity }, path, id, status: isHere ? 'unchanged' : 'stored' }
      }),
    }),
    read: ({ id, from, to }) => {
      const { file } = gotPage({ id })
      return Buffer.concat(node.stowed.get(hexOf(file!.fileHash)) ?? []).subarray(from, to)
    },
    get: ({ target }) => gotPage(target),
    fetch: ({ ids }) => ({ found: ids.length, bytes: 0, texts: 0, missing: [] }),
    log: ({ page: { space, path } }) => {
      const { text, page, id, author, timeMs, summary, parents } = gotPage({ page: { space, path } })
      return [
        {
          ...{ id, page, author, timeMs, summary, parents, content: 'text', textBytes: text.byteLength },
          ...{ redirect: undefined, isHead: true, isTip: true },
        },
      ]
    },
    diff: ({ to }) => {
      const page = gotPage(to)
      return {
        from: undefined,
        to: named(page),
        published: undefined,
        ...diffTexts('', Buffer.from(page.text).toString()),
      }
    },
    publishDiff: ({ to }) => ({ id: idOf(`difference ${hexOf(gotPage(to).id)}`), batches: [] }),
    merge: ({ page, ours, theirs }) => {
      const head = gotPage({ page })
      const text = 'text' in ours ? ours.text : gotPage(ours).text
      const difference = diffTexts(Buffer.from(head.text).toString(), Buffer.from(text).toString())
      const id = 'id' in ours ? ours.id : undefined
      return { page, ours: id, theirs: theirs ?? head.id, bases: [], text, conflicts: [], difference }
    },
    blame: ({ target }) => {
      const page = gotPage(target)
      const lines = linesOf(Buffer.from(page.text).toString())
      return {
        of: named(page),
        lines: lines.map((text, i) => ({ text, version: page.id, line: i + 1, isBoundary: false })),
        versions: [named(page)],
      }
    },
    recent: ({ space, count }) => {
      refuseForeign(space)
      const versions = [...node.pages].map(([path, { id }]) => {
        return { path, id, author: entity, timeMs: TIME_MS, summary: 'a summary' }
      })
      return { versions: versions.slice(0, count), pages: versions.length, unseen: 0 }
    },
    search: ({ words, limit, space }, progress) => {
      if (space !== undefined) refuseForeign(space)
      let found = 0
      for (const [path, { id, text }] of [...node.pages].slice(0, limit)) {
        const snippet = snippetOf(Buffer.from(text).toString(), words)
        if (!snippet.hasWords) continue
        found += 1
        const page = { space: { type: 'entity' as const, id: entity }, path }
        const about = { id, author: entity, timeMs: TIME_MS, title: path, snippet }
        progress({ page, ...about, score: 2.5, isHere: true, answeredBy: [] })
      }
      const asked = [{ device: idOf('peer'), answer: 'answered' as const }]
      return { found, isWhole: true, shards: { all: 4, asked: 4, answered: 3 }, share: 0.75, asked }
    },
    links: ({ page }) => {
      const { id, text } = gotPage({ page })
      const links = linksIn(Buffer.from(text).toString()).map(({ target, section }) => {
        const to = { space: page.space, path: target }
        const state = node.pages.has(target) ? ('ok' as const) : ('broken' as const)
        return { target, section, page: to, state, leadsTo: undefined }
      })
      return { page, id, links }
    },
    backlinks: ({ page }) => {
      const links = [...node.pages].flatMap(([path, { text }]) => {
        const isLinking = linksIn(Buffer.from(text).toString()).some(({ target }) => target === page.path)
        return isLinking ? [{ page: { space: page.space, path }, via: undefined }] : []
      })
      return { page, links, isWhole: true }
    },
    broken: () => {
      const space = { type: 'entity' as const, id: entity }
      const links = [...node.pages].flatMap(([path, { text }]) =>
        linksIn(Buffer.from(text).toString())
          .filter(({ target }) => !node.pages.has(target))
          .map(({ target }) => ({
            from: { space, path },
            to: { space, path: target },
            state: 'broken' as const,
          })),
      )
      return { links, isWhole: true }
    },
    where: ({ target }) => ({
      id: gotPage(target).id,
      isHere: true,
      holders: [
        {
          device: idOf('peer'),
          entity: undefined,
          provenMs: TIME_MS,
          untilMs: undefined,
          isConnected: true,
        },
      ],
      target: 5,
      isPending: true,
      asked: [],
    }),
    list: ({ space }) => {
      refuseForeign(space)
      return [...node.pages].map(([path, { id }]) => ({ path, version: id }))
    },
    kept: ({ space }) => {
      refuseForeign(space)
      const replayed = [...node.replayed.values()].map(({ path }) => path)
      return [...new Set([...node.pages.keys(), ...replayed])].sort()
    },
    export: ({ space, pages }, progress) => {
      refuseForeign(space)
      const wanted = [...node.pages].filter(([name]) => pages?.some(({ path }) => path === name) ?? true)
      for (const [path, { id, text, file }] of wanted) progress({ path, id, text, file })
      return { pages: wanted.length, found: wanted.length, missing: [] }
    },
  }

  function gotPage(target: CommandOf<'get'>['target']): GotPage {
    const own: Space = { type: 'entity', id: entity }
    const found = [...node.pages].find(([path, { id }]) =>
      'id' in target
        ? equalBytes(id, target.id)
        : path === target.page.path && equalBytes(target.page.space.id, entity),
    )
    if (found === undefined) throw notFound()
    const [path, { id, text, file }] = found
    return {
      page: { space: own, path },
      id,
      author: entity,
      timeMs: TIME_MS,
      summary: 'a summary',
      parents: [],
      why: 'only tip',
      choices: [],
      otherTips: [],
      text,
      file,
      redirectedFrom: undefined,
      asked: [],
    }
  }

  function putFile(path: string, { mediaType, fileHash, pieces, only }: FileDraft) {
    const id = idOf(`${path} ${mediaType} ${hexOf(fileHash)}`)
    const isThere = node.pages.get(path)?.id.toString() === id.toString()
    if (only !== undefined) node.stowed.set(hexOf(fileHash), [decompress(only, { bytesMax: 61_440 })])
    const fileBytes = pieces.reduce((sum, { textBytes }) => sum + textBytes, 0)
    node.pages.set(path, { id, text: new Uint8Array(0), file: { mediaType, fileBytes, fileHash } })
    return { id, status: isThere ? ('unchanged' as const) : ('stored' as const) }
  }

  function named({ page, id, author, timeMs, summary }: GotPage): NamedVersion {
    return { page, id, author, timeMs, summary, content: 'text' }
  }

  function refuseForeign(space: Space): void {
    if (!equalBytes(space.id, entity)) throw notFound()
  }
  return node
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
function followedOf(subject: Subject): Followed {
  return { subject, sinceMs: TIME_MS, keepers: 3, told: 2, toldMs: TIME_MS + 60_000, gatheredMs: TIME_MS }
}

const isSame = (a: Subject, b: Subject): boolean => isDeepStrictEqual(placesOf(a), placesOf(b))

export function notFound(): SheafError {
  return new SheafError('NOT_FOUND', 'no version of this page', {
    details: {
      asked: [
        { device: idOf('peer'), answer: 'unknown' },
        { device: idOf('other'), answer: 'unreachable' },
      ],
    },
  })
}
