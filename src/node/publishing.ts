/**
 * Publishing: pages become versions of this node's own space, in one synced write with the
 * note that makes the outbox carry them on. Unchanged pages are left alone, so publishing a
 * folder again only publishes what changed.
 */

import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { type Author, compressSignMarkdown, type PageDraft, type SealedPage } from '../content/page.ts'
import { type Page, pageLocator, pageToText, type Space, spaceOfRef } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import { type PageContent, VERSION, versionBody } from '../content/version.ts'
import type { Command, PageInput, Published } from './commands.ts'
import { deniedHere } from './denials.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import { type Outline, outlinesAt } from './outlines.ts'
import { isMarked, type OwnBlock, OwnIndex } from './own-index.ts'
import { distinct, neededBytes, quotaFull } from './quota.ts'
import { byPrefix } from './shards.ts'
import { heardOf, type Standing, standingOf } from './staleness.ts'
import { logicalBytes } from './store.ts'
import { forEach, suspend, type Task } from './task.ts'
import { ASK_IDS_MAX } from './wire.ts'

/** Pages that peers are asked about at a time. */
const PAGES_HEARD_AT_ONCE = 8

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

export class Publisher {
  readonly #node: Node
  readonly #outbox: Outbox
  #index: OwnIndex | undefined
  /** Something may have been written that nobody hands out. */
  #hasFailed = false
  /** Called when the publish that is under way ends; there is one at a time, or two would fork a page. */
  #waiting: (() => void)[] | undefined

  constructor(node: Node, outbox: Outbox) {
    this.#node = node
    this.#outbox = outbox
  }

  /**
   * Seals and stores; with `index` everything that is stored and not yet listed is listed too.
   * Throws NO_IDENTITY, BAD_ARGUMENT where a page is named twice or its parents cannot be, and what the store throws.
   */
  *publish(command: CommandOf<'publish'>): Task<Published> {
    const author = this.#author()
    const inputs = command.pages.map((input) => completed(input, author))
    refuseTwice(inputs)
    const heard = yield* this.#hear(inputs, command.untilMs)
    if (this.#waiting !== undefined) {
      yield* suspend<void>((resume) => this.#waiting!.push(() => resume({ value: undefined })))
    }
    this.#waiting ??= []
    try {
      return yield* this.#publish(author, inputs, heard, command)
    } catch (cause) {
      // The index in memory may be ahead of what was written: the next publish reads it back.
      this.#index = undefined
      this.#hasFailed = true
      throw cause
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#waiting = undefined
      else next()
    }
  }

  /** Whether a crash left pages that no signed index lists; a publish of no pages with an index lists them. */
  *needsListing(): Task<boolean> {
    return this.#node.identity.author !== undefined && (yield* isMarked(this.#node))
  }

  /** What peers know of the pages that were made from something: asked before the turn, or others would wait for them. */
  *#hear(inputs: readonly Input[], untilMs: number | undefined): Task<IdMap<VerifiedVersion[]>> {
    const heard = new IdMap<VerifiedVersion[]>()
    if (untilMs === undefined) return heard
    const asking = inputs.filter(({ parents, isFork }) => parents !== undefined && !isFork)
    yield* forEach(asking, PAGES_HEARD_AT_ONCE, (page) => {
      const node = this.#node
      return (function* () {
        if (node.retention.serves(pageLocator(page)))
          heard.set(pageLocator(page), yield* heardOf(node, page, untilMs))
      })()
    })
    return heard
  }

  *#publish(
    author: Author,
    inputs: readonly Input[],
    heard: IdMap<VerifiedVersion[]>,
    { summary, index: withIndex }: CommandOf<'publish'>,
  ): Task<Published> {
    if (this.#hasFailed) {
      yield* this.#outbox.load()
      this.#hasFailed = false
    }
    this.#index ??= new OwnIndex(this.#node, author)
    const index = this.#index
    yield* index.load()
    const drafts: PageDraft[] = []
    const said: Published['pages'] = []
    for (const input of inputs) {
      const { space, path, text, redirect } = input
      const locator = pageLocator(input)
      if (!this.#node.retention.serves(locator)) throw deniedHere(`the page ${path}`)
      const { parents: given } = input
      const judged =
        given === undefined
          ? onTop(input, yield* outlinesAt(this.#node.store, locator, VERSION), author)
          : made(input, given, yield* standingOf(this.#node, input, heard.get(locator) ?? []))
      if (judged === undefined) continue
      if ('status' in judged) {
        said.push({ space, path, ...judged })
        continue
      }
      const { env } = this.#node
      const { parents } = judged
      drafts.push({
        space,
        path,
        text,
        redirect,
        parents,
        summary,
        timeMs: env.wallMs(),
        nonce: env.random(8),
      })
    }
    const sealed = compressSignMarkdown(drafts, author)
    const unchanged = said.flatMap(({ id, status }) => (status === 'unchanged' ? [id] : []))
    for (const [i, { path, id }] of sealed.entries()) {
      const { space, text } = drafts[i]!
      said.push({ space, path, id, status: 'stored' })
      if (isOwn(space, author)) index.list(path, text === undefined ? undefined : id)
    }
    const blocks = sealed.flatMap(blocksOf)
    if (withIndex) blocks.push(...index.form())
    const batches = yield* this.#write(blocks, index)
    return { pages: said, batches: [...batches, ...this.#outbox.pendingWith(unchanged)] }
  }

  /** Writes for good, in batches of one shard as large as one store request takes; several small ones in one write. */
  *#write(blocks: OwnBlock[], index: OwnIndex): Task<Uint8Array[]> {
    const { store } = this.#node
    if (blocks.length === 0 && index.isCurrent && (yield* isMarked(this.#node))) {
      yield* store.note([OwnIndex.unmark], { sync: false })
    }
    yield* this.#refuseBeyondQuota(blocks)
    const batches = this.#batches(blocks)
    const roots: Uint8Array[] = []
    while (batches.length > 0) {
      const parts = [batches.shift()!]
      let size = parts[0]!.length
      while (batches.length > 0 && size + batches[0]!.length <= ASK_IDS_MAX) {
        size += batches[0]!.length
        parts.push(batches.shift()!)
      }
      const formed = parts.map((part) => this.#outbox.form(part))
      const notes = formed.map(({ note }) => note)
      const mark = batches.length === 0 && index.isCurrent ? OwnIndex.unmark : OwnIndex.mark
      // a key goes with every batch, and is written with the first
      yield* store.append('outbox', distinct(parts.flat()), { sync: true, notes: [...notes, mark] })
      for (const note of notes) this.#outbox.begin(note)
      roots.push(...formed.map(({ root }) => root))
    }
    return roots
  }

  /** Each shard's blocks by themselves, since others keep them; the shard of the last block, as the index is, comes last. */
  #batches(blocks: OwnBlock[]): OwnBlock[][] {
    const { identity, reach } = this.#node
    const room = ASK_IDS_MAX - identity.blocks.length - 1
    const depth = reach.usualDepth()
    const shards = byPrefix(blocks, depth, ({ locator }) => locator)
    const last = shards.findIndex(({ members }) => members.at(-1) === blocks.at(-1))
    shards.push(...shards.splice(last, 1))
    return shards.flatMap(({ members }) => {
      const count = Math.ceil(members.length / room)
      return Array.from({ length: count }, (_, i) => [
        ...identity.blocks,
        ...ownerBefore(members, i * room),
        ...members.slice(i * room, (i + 1) * room),
      ])
    })
  }

  /** Before the first batch of several is written: half a publish helps nobody. */
  *#refuseBeyondQuota(blocks: OwnBlock[]): Task<void> {
    const { identity, quotaBytes, store } = this.#node
    const needed = neededBytes([...identity.blocks, ...blocks])
    const used = logicalBytes(yield* store.usage())
    if (used + needed <= quotaBytes) return
    const all = distinct([...identity.blocks, ...blocks])
    const metas = yield* store.meta(all.map(({ id }) => id))
    const fresh = neededBytes(all.filter((_, i) => metas[i] === undefined))
    if (fresh > 0 && used + fresh > quotaBytes) throw quotaFull(used, quotaBytes, fresh)
  }

  #author(): Author {
    const { author } = this.#node.identity
    if (author !== undefined) return author
    throw new SheafError('NO_IDENTITY', 'this node has no identity to publish under', { hint: 'sheaf init' })
  }
}

/** A keeper checks each batch alone: it goes with our key and certificate, and with the owner of pieces that a cut parted from it. */
function ownerBefore(blocks: readonly OwnBlock[], at: number): OwnBlock[] {
  const owner = blocks[at]?.owner
  const found = owner && blocks.slice(0, at).findLast(({ id }) => equalBytes(id, owner))
  return found === undefined ? [] : [found]
}

/** A page on its way in, with its space spelled out. */
type Input = PageInput & { space: Space }

/** Throws BAD_ARGUMENT for parents that no version can have, or that a proposal lacks. */
function completed(input: PageInput, author: Author): Input {
  const { space = { type: 'entity', id: author.entity }, path, parents } = input
  const whole = { ...input, space }
  if (parents === undefined && !isOwn(space, author)) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `${pageToText(whole)} is not yours: a proposal names what it was made from`,
    )
  }
  if (parents !== undefined && (parents.length > PARENTS_MAX || new IdSet(parents).size < parents.length)) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `a version of ${path} has at most ${PARENTS_MAX} parents, none twice`,
    )
  }
  return whole
}

function isOwn({ type, id }: Space, { entity }: Author): boolean {
  return type === 'entity' && equalBytes(id, entity)
}

function refuseTwice(pages: readonly Page[]): void {
  const names = new IdMap<true>()
  for (const page of pages) {
    const locator = pageLocator(page)
    if (names.has(locator)) throw new SheafError('BAD_ARGUMENT', `the page ${page.path} is named twice`)
    names.set(locator, true)
  }
}

type Judged = { parents: Uint8Array[] } | { id: Uint8Array; status: 'unchanged' | 'stale' }

/**
 * What becomes of a page that goes on top of all that its author has there; undefined where there is nothing to delete.
 * What strangers put beside is theirs: it neither stands behind what we publish nor makes an unchanged page a change.
 */
function onTop(input: Input, outlines: readonly Outline[], { entity }: Author): Judged | undefined {
  const tips = tipsOf(outlines.filter(({ signer }) => equalBytes(signer, entity)))
  const [first] = tips
  if (first === undefined && input.text === undefined && input.redirect === undefined) return undefined
  if (first !== undefined && tips.length === 1 && saysTheSame(first, input)) {
    return { id: first.id, status: 'unchanged' }
  }
  return { parents: tips.slice(0, PARENTS_MAX).map(({ id }) => id) }
}

/** What becomes of a page that was made from these versions. */
function made(input: Input, parents: readonly Uint8Array[], { head, hasSeen }: Standing): Judged {
  if (head !== undefined) {
    const joinsNothing = parents.every((parent) => hasSeen([head.id], parent))
    if (joinsNothing && saysTheSame(head, input)) return { id: head.id, status: 'unchanged' }
    if (!input.isFork && !hasSeen(parents, head.id)) return { id: head.id, status: 'stale' }
  }
  return { parents: [...parents] }
}

function blocksOf(page: SealedPage): OwnBlock[] {
  const { id, locator, timeMs, block } = page
  const pieces = page.pieces.map(({ hash, bytes }): OwnBlock => {
    return { id: hash, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes, owner: id }
  })
  return [{ id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }, ...pieces]
}

/** Whether a version puts exactly this on its page. */
function saysTheSame({ signer, body }: Outline, { text, redirect }: Input): boolean {
  const { content } = decode(versionBody, body)
  if (redirect !== undefined && text === undefined) return leadsTo(content, redirect, signer)
  if (text === undefined) return content.type === 'deleted'
  return (
    content.type === 'text' &&
    content.textBytes === text.byteLength &&
    equalBytes(content.textHash, sha256(text))
  )
}

function leadsTo(content: PageContent, to: Page, signer: Uint8Array): boolean {
  if (content.type !== 'redirect') return false
  return equalBytes(
    pageLocator({ space: spaceOfRef(content.space, signer), path: content.path }),
    pageLocator(to),
  )
}
