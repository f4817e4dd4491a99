/**
 * Publishing: pages become versions of this node's own space, in one synced write with the
 * note that makes the outbox carry them on. Unchanged pages are left alone, so publishing a
 * folder again only publishes what changed.
 */

import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { type Author, compressSignMarkdown, type PageDraft, type SealedPage } from '../content/page.ts'
import { pageLocator, type Space } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import { type PageContent, VERSION, versionBody } from '../content/version.ts'
import type { PageInput, Published } from './commands.ts'
import { deniedHere } from './denials.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import { type Outline, outlinesAt } from './outlines.ts'
import { isMarked, type OwnBlock, OwnIndex } from './own-index.ts'
import { distinct, neededBytes, quotaFull } from './quota.ts'
import { byPrefix } from './shards.ts'
import { logicalBytes } from './store.ts'
import { suspend, type Task } from './task.ts'
import { ASK_IDS_MAX } from './wire.ts'

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
   * Seals and stores; with `withIndex` everything that is stored and not yet listed is listed too.
   * Throws NO_IDENTITY, BAD_ARGUMENT where a page is named twice, and what the store throws.
   */
  *publish(pages: PageInput[], summary: string, withIndex: boolean): Task<Published> {
    const author = this.#author()
    refuseTwice(pages)
    if (this.#waiting !== undefined) {
      yield* suspend<void>((resume) => this.#waiting!.push(() => resume({ value: undefined })))
    }
    this.#waiting ??= []
    try {
      return yield* this.#publish(author, pages, summary, withIndex)
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

  *#publish(author: Author, pages: PageInput[], summary: string, withIndex: boolean): Task<Published> {
    if (this.#hasFailed) {
      yield* this.#outbox.load()
      this.#hasFailed = false
    }
    this.#index ??= new OwnIndex(this.#node, author)
    const index = this.#index
    yield* index.load()
    const space: Space = { type: 'entity', id: author.entity }
    const drafts: PageDraft[] = []
    const said: Published['pages'] = []
    for (const { path, text } of pages) {
      const locator = pageLocator({ space, path })
      if (!this.#node.retention.serves(locator)) throw deniedHere(`the page ${path}`)
      const tips = yield* this.#ownTipsAt(locator, author)
      const [first] = tips
      if (first === undefined && text === undefined) continue
      if (
        first !== undefined &&
        tips.length === 1 &&
        saysTheSame(decode(versionBody, first.body).content, text)
      ) {
        said.push({ path, id: first.id, status: 'unchanged' })
        continue
      }
      const { env } = this.#node
      const parents = tips.slice(0, PARENTS_MAX).map(({ id }) => id)
      drafts.push({ space, path, text, parents, summary, timeMs: env.wallMs(), nonce: env.random(8) })
    }
    const sealed = compressSignMarkdown(drafts, author)
    const unchanged = said.map(({ id }) => id)
    for (const [i, { path, id }] of sealed.entries()) {
      said.push({ path, id, status: 'stored' })
      index.list(path, drafts[i]!.text === undefined ? undefined : id)
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

  /** What strangers put beside is theirs: it neither stands behind what we publish nor makes an unchanged page a change. */
  *#ownTipsAt(locator: Uint8Array, { entity }: Author): Task<Outline[]> {
    const records = yield* outlinesAt(this.#node.store, locator, VERSION)
    return tipsOf(records.filter(({ signer }) => equalBytes(signer, entity)))
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

function refuseTwice(pages: readonly PageInput[]): void {
  const paths = new Set<string>()
  for (const { path } of pages) {
    if (paths.has(path)) throw new SheafError('BAD_ARGUMENT', `the page ${path} is named twice`)
    paths.add(path)
  }
}

function blocksOf(page: SealedPage): OwnBlock[] {
  const { id, locator, timeMs, block } = page
  const pieces = page.pieces.map(({ hash, bytes }): OwnBlock => {
    return { id: hash, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes, owner: id }
  })
  return [{ id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }, ...pieces]
}

/** Whether a version puts exactly this on its page. */
function saysTheSame(content: PageContent, text: Uint8Array | undefined): boolean {
  if (text === undefined) return content.type === 'deleted'
  return (
    content.type === 'text' &&
    content.textBytes === text.byteLength &&
    equalBytes(content.textHash, sha256(text))
  )
}
