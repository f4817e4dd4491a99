/** Looking up: one page, its history, a space. A look-up that fails says how, and who was asked. */

import { SheafError } from '../base/errors.ts'
import { compareBytes, equalBytes } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import {
  parseBlock,
  peekKey,
  type VerifiedBlock,
  type VerifiedIndex,
  type VerifiedVersion,
  verifyBlock,
} from '../content/block.ts'
import { join, type PageEntry } from '../content/chunks.ts'
import { type Combine, combineVerify } from '../content/piece.ts'
import { type Page, pageLocator, pageToText, type Space, spaceLocator, spaceOfRef } from '../content/space.ts'

import { tipsOf } from '../content/tips.ts'
import { type FileContent, VERSION } from '../content/version.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import type {
  Command,
  ExportedPage,
  ExportSummary,
  FetchSummary,
  GotFile,
  GotPage,
  ListedPage,
} from './commands.ts'
import { deniedAmong, deniedHere } from './denials.ts'
import { type Arrival, type Asked, fetchBlocks, type Wanted } from './fetching.ts'
import { fileOf, filePart } from './files.ts'
import { headOf } from './head-finding.ts'
import { keysAtHand } from './key-asking.ts'
import { learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import { failure, loosePieces } from './pieces.ts'
import type { Task } from './task.ts'

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

/** How a page is looked up. */
export interface LookUp {
  untilMs: number
  /** Whether peers are asked about pages of our own space, too. */
  isFresh: boolean
}

/** Ids that are taken from the local store at once. */
const LOCAL_IDS = 256

export class Reader {
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  *get({ target, untilMs, isFresh = false }: CommandOf<'get'>): Task<GotPage> {
    if ('id' in target) {
      const { version, asked } = yield* this.versionById(target.id, untilMs)
      return yield* this.#show(
        version,
        { why: 'asked for by id', choices: [], otherTips: [], asked, redirectedFrom: undefined },
        untilMs,
      )
    }
    return yield* this.#getPage(target.page, { untilMs, isFresh })
  }

  /** Bytes of a file, at most READ_BYTES_MAX of them. */
  *read({
    id,
    from,
    to,
    untilMs,
  }: {
    id: Uint8Array
    from: number
    to: number
    untilMs: number
  }): Task<Uint8Array> {
    const { version } = yield* this.versionById(id, untilMs)
    return yield* filePart(this.#node, fileOf(version), { from, to }, untilMs)
  }

  /** Gets blocks onto our shelf; those that are here already are left alone. */
  *obtain(ids: Uint8Array[], untilMs: number): Task<FetchSummary> {
    const { retention } = this.#node
    const here = yield* this.#node.store.meta(ids)
    const wanted = ids.filter((id, i) => here[i] === undefined || !retention.serves(id)).map((id) => ({ id }))
    let bytes = 0
    let texts = 0
    const take = (arrival: Arrival): void => {
      bytes += arrival.bytes.byteLength
      if (arrival.checked.hadText) texts += 1
    }
    const fetched = yield* fetchBlocks(this.#node, wanted, take, { untilMs })
    const missing = wanted.filter(({ id }) => !fetched.found(id))
    return {
      found: ids.length - missing.length,
      bytes,
      texts,
      missing: missing.map(({ id }) => ({ id, asked: fetched.asked.get(idKey(id)) ?? [] })),
    }
  }

  /** The pages of a space, from its index, without those that the operator denied. */
  *list(space: Space, untilMs: number): Task<PageEntry[]> {
    const { blocks, asked } = yield* gatherBundle(this.#node, spaceLocator(space), untilMs)
    const indices = blocks.filter((block) => block.type === 'index')
    const current = tipsOf(indices.map(({ record }) => record))
    if (current.length === 0) throw failure(asked, 'no index of this space')
    return yield* this.entriesOf(
      space,
      current.map((tip) => indices.find(({ id }) => equalBytes(id, tip.id))!),
      untilMs,
    )
  }

  /** What these indices of a space list together, as `list` does. */
  *entriesOf(space: Space, indices: readonly VerifiedIndex[], untilMs: number): Task<PageEntry[]> {
    const pages = new Map<string, PageEntry>()
    for (const { index } of [...indices].sort((a, b) => compareBytes(a.id, b.id))) {
      const hashes = index.chunks.map(({ hash }) => hash)
      const pieces = yield* loosePieces(this.#node, hashes, spaceLocator(space), { untilMs })
      for (const entry of join(pieces)) pages.set(entry.path, entry)
    }
    const { retention } = this.#node
    if (retention.servesAll()) return [...pages.values()]
    return [...pages.values()].filter(
      ({ path, version }) => retention.serves(version) && retention.serves(pageLocator({ space, path })),
    )
  }

  /** Every page of a space, or those of its list that are named, many at once; `tell` gets each as it is whole. */
  *export(
    { space, untilMs, pages }: { space: Space; untilMs: number; pages?: ListedPage[] },
    tell: (page: ExportedPage) => void,
  ): Task<ExportSummary> {
    const entries = pages ?? (yield* this.list(space, untilMs))
    const paths = new Map<string, string[]>()
    for (const { path, version } of entries) {
      const key = idKey(version)
      paths.set(key, [...(paths.get(key) ?? []), path])
    }
    const large: Uint8Array[] = []
    let found = 0
    const show = (id: Uint8Array, text: Uint8Array, file?: GotFile): void => {
      for (const path of paths.get(idKey(id)) ?? []) {
        found += 1
        tell({ path, id, text, file })
      }
    }
    const take = ({ wanted, bytes, checked }: Arrival): void => {
      if (checked.text !== undefined) show(wanted.id, checked.text)
      else if (checked.kind === VERSION) large.push(bytes)
    }
    const { missing, denied } = yield* this.#takeLocal(space, entries, take, untilMs)
    const fetched = yield* fetchBlocks(this.#node, missing, take, { untilMs, withTexts: true })
    const lost = missing
      .filter(({ id }) => !fetched.found(id))
      .map(({ id }) => ({ id, asked: fetched.asked.get(idKey(id)) ?? [] }))
    lost.push(...denied.map(({ id }) => ({ id, asked: [this.#denied] })))
    for (const bytes of large) {
      const block = verifyBlock(bytes, this.#node.verifyContext())
      if (block.type !== 'version') continue
      const { content } = block.version
      if (content.type === 'file') {
        show(block.id, NOTHING, gotFile(content))
        continue
      }
      try {
        show(block.id, yield* this.textOf(block, untilMs))
      } catch (cause) {
        // One page that cannot be had whole keeps nobody from the others.
        lost.push({ id: block.id, asked: askedIn(cause) })
      }
    }
    return {
      pages: entries.length,
      found,
      missing: lost.flatMap(({ id, asked }) =>
        (paths.get(idKey(id)) ?? []).map((path) => ({ path, id, asked })),
      ),
    }
  }

  /** What this node says of itself where it has something that its operator denied. */
  get #denied(): Asked {
    return { device: this.#node.env.device.publicKey, answer: 'denied' }
  }

  /** Shows what is here already; ends with what is not, and with what the operator denied. */
  *#takeLocal(
    space: Space,
    entries: PageEntry[],
    take: (arrival: Arrival) => void,
    untilMs: number,
  ): Task<{ missing: Wanted[]; denied: Wanted[] }> {
    const missing: Wanted[] = []
    const denied: Wanted[] = []
    for (let at = 0; at < entries.length; at += LOCAL_IDS) {
      const slice = entries.slice(at, at + LOCAL_IDS)
      const ids = slice.map(({ version }) => version)
      const blocks = yield* this.#node.store.get(ids)
      const areDenied = yield* deniedAmong(this.#node, ids, blocks)
      const found = slice.flatMap(({ version: id, path }, i) => {
        const bytes = blocks[i]
        if (areDenied[i]) denied.push({ id })
        else if (bytes === undefined) missing.push({ id, at: pageLocator({ space, path }) })
        else return [{ id, bytes, pieceAt: undefined }]
        return []
      })
      const bodies = found.map(({ bytes }) => bytes)
      yield* learnKeys(this.#node, bodies)
      const keys = keysAtHand(this.#node, bodies)
      const here = keys.some(({ id }) => this.#node.keys.isRetired(id))
        ? yield* this.#counting(found, untilMs)
        : found
      const { nowMs } = this.#node.verifyContext('stored')
      const outcomes = yield* this.#node.check({ items: here, keys, nowMs, withTexts: true })
      for (const [i, checked] of outcomes.entries()) {
        const { id, bytes } = here[i]!
        if (checked.ok) take({ wanted: { id }, bytes, checked })
        else missing.push({ id })
      }
    }
    return { missing, denied }
  }

  /** Without what its author, by a later key, does not stand by. */
  *#counting<I extends { id: Uint8Array; bytes: Uint8Array }>(items: I[], untilMs: number): Task<I[]> {
    const { keys } = this.#node
    const records = items.map(({ id, bytes }) => ({ ...peekKey(bytes), id }))
    yield* this.#node.prove(records, untilMs)
    return items.filter((_, i) => keys.judge(records[i]!).type === 'counts')
  }

  *#getPage(page: Page, how: LookUp, redirectedFrom?: Page): Task<GotPage> {
    const { versions, asked } = yield* this.versionsOf(page, how)
    const head = yield* headOf(this.#node, page, versions, {
      untilMs: how.untilMs,
      isLocal: asked.length === 0,
    })
    if (head === undefined) throw failure(asked, 'no version of this page')
    const { version, why, choices, tips } = head
    const { content } = version.version
    if (content.type === 'deleted') {
      throw new SheafError('NOT_FOUND', 'this page was deleted', {
        hint: 'sheaf log tells what it said before',
        details: { asked },
      })
    }
    if (content.type === 'redirect') {
      const target = { space: spaceOfRef(content.space, version.record.signer), path: content.path }
      if (redirectedFrom !== undefined) throw leadsOn(redirectedFrom, page, target, asked)
      return yield* this.#getPage(target, how, page)
    }
    const otherTips = tips.filter(({ id }) => !equalBytes(id, version.id)).map(({ id }) => id)
    return yield* this.#show(version, { why, choices, otherTips, asked, redirectedFrom }, how.untilMs)
  }

  *#show(
    version: VerifiedVersion,
    about: Pick<GotPage, 'why' | 'choices' | 'otherTips' | 'asked' | 'redirectedFrom'>,
    untilMs: number,
  ): Task<GotPage> {
    const { space, path, summary, parents, content } = version.version
    const file = content.type === 'file' ? gotFile(content) : undefined
    const text = file === undefined ? yield* this.textOf(version, untilMs) : NOTHING
    const { signer: author, timeMs } = version.record
    return { page: { space, path }, id: version.id, author, timeMs, summary, parents, text, file, ...about }
  }

  /** Versions of a page: all that are here, and the tips that peers know. Our own space is asked for only where it is to be *fresh*: another device may have written there. */
  *versionsOf(
    page: Page,
    { untilMs, isFresh }: LookUp,
  ): Task<{ versions: VerifiedVersion[]; asked: Asked[] }> {
    const locator = pageLocator(page)
    const { author } = this.#node.identity
    const isOwn =
      author !== undefined && page.space.type === 'entity' && equalBytes(page.space.id, author.entity)
    if (!this.#node.retention.serves(locator)) throw deniedHere('this page')
    const local = isOwn && !isFresh ? yield* localBundle(this.#node, locator) : []
    const { blocks, asked } =
      local.length > 0 ? { blocks: local, asked: [] } : yield* gatherBundle(this.#node, locator, untilMs)
    return { versions: blocks.filter((block) => block.type === 'version'), asked }
  }

  /** One version, from here or from peers. Throws as a look-up does, BAD_ARGUMENT where the id is of something else. */
  *versionById(id: Uint8Array, untilMs: number): Task<{ version: VerifiedVersion; asked: Asked[] }> {
    if (!this.#node.retention.serves(id)) throw deniedHere('this version')
    const [bytes] = yield* this.#node.store.get([id])
    if ((yield* deniedAmong(this.#node, [id], [bytes]))[0]) throw deniedHere('this version')
    let block: VerifiedBlock | undefined
    let asked: Asked[] = []
    if (bytes !== undefined && (yield* learnKeys(this.#node, [bytes])).length === 0) {
      yield* this.#node.prove([parseBlock(bytes).record], untilMs)
      block = verifyBlock(bytes, this.#node.verifyContext('stored'))
    } else {
      const arrived: Arrival[] = []
      const fetched = yield* fetchBlocks(this.#node, [{ id }], (arrival) => arrived.push(arrival), {
        untilMs,
        isUrgent: true,
      })
      for (const { bytes, checked } of arrived)
        block = checked.block ?? verifyBlock(bytes, this.#node.verifyContext())
      asked = fetched.asked.get(idKey(id)) ?? []
    }
    if (block === undefined) throw failure(asked, 'no version with this id')
    if (block.type !== 'version') throw new SheafError('BAD_ARGUMENT', 'that id is no version of a page')
    return { version: block, asked }
  }

  /** The text of a version, put together where it is in pieces. Throws NOT_FOUND where it has none, UNREACHABLE, and what looking up throws. */
  *textOf(verified: VerifiedVersion, untilMs: number): Task<Uint8Array> {
    if (verified.text !== undefined) return verified.text
    const { content } = verified.version
    if (content.type === 'deleted') throw new SheafError('NOT_FOUND', 'this version deletes its page')
    if (content.type === 'redirect')
      throw new SheafError('NOT_FOUND', `this version redirects to ${content.path}`)
    if (content.type === 'file') {
      throw new SheafError('BAD_ARGUMENT', 'this version is a file, and no text', {
        hint: 'sheaf get --out FILE writes it',
      })
    }
    const combine: Combine<string> = combineVerify(content, verified.table!)
    const locator = pageLocator(verified.version)
    for (const piece of yield* loosePieces(this.#node, combine.missing, locator, { untilMs })) {
      combine.add(piece, 'store')
    }
    const text = combine.text()
    if (text === undefined) throw new SheafError('UNREACHABLE', 'pieces of this page are missing')
    return text
  }
}

/** Who was asked before a look-up failed. Throws on what is no failure of a look-up. */
function askedIn(cause: unknown): Asked[] {
  if (!(cause instanceof SheafError)) throw cause
  return (cause.details?.asked as Asked[] | undefined) ?? []
}

function gotFile({ mediaType, fileBytes, fileHash }: FileContent): GotFile {
  return { mediaType, fileBytes, fileHash }
}

const NOTHING = new Uint8Array(0)

/** A page whose redirect leads to another redirect; only one is followed, so that none leads round. */
function leadsOn(from: Page, to: Page, next: Page, asked: Asked[]): SheafError {
  const [first, second, last] = [from, to, next].map(pageToText)
  return new SheafError(
    'NOT_FOUND',
    `${first} leads to ${second}, which leads on to ${last}: one step is followed`,
    {
      hint: `sheaf get ${second}`,
      details: { asked },
    },
  )
}
