/**
 * Writing our own words for good: blocks in batches of one shard, each with the note that makes the
 * outbox carry it on, in one synced write. There is one writer for all that a node says of itself, and
 * whoever forms records over what lies there, as a page's parents do, has its turn alone.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import type { Author } from '../content/page.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import type { OwnBlock } from './own-index.ts'
import { distinct, neededBytes, quotaFull } from './quota.ts'
import { byPrefix } from './shards.ts'
import { logicalBytes, type Note } from './store.ts'
import { suspend, type Task } from './task.ts'
import { ASK_IDS_MAX } from './wire.ts'

/** In one synced write: a few store requests' worth. */
const WRITE_BLOCKS_MAX = 4 * ASK_IDS_MAX

/** Notes to be written with each part of a write, by whether it is the last. */
export type Mark = (isLast: boolean) => readonly Note[]

export class Writer {
  readonly #node: Node
  readonly #outbox: Outbox
  /** Something may have been written that nobody hands out. */
  #hasFailed = false
  /** Called when the turn that is under way ends; there is one at a time, or two would fork a page. */
  #waiting: (() => void)[] | undefined

  constructor(node: Node, outbox: Outbox) {
    this.#node = node
    this.#outbox = outbox
  }

  /** Runs `task` when nobody else forms or writes; the turn ends with it. */
  *inTurn<T>(task: () => Task<T>): Task<T> {
    if (this.#waiting !== undefined) {
      yield* suspend<void>((resume) => this.#waiting!.push(() => resume({ value: undefined })))
    }
    this.#waiting ??= []
    try {
      if (this.#hasFailed) {
        yield* this.#outbox.load()
        this.#hasFailed = false
      }
      return yield* task()
    } catch (cause) {
      this.#hasFailed = true
      throw cause
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#waiting = undefined
      else next()
    }
  }

  /**
   * Writes blocks for good, within a turn: in batches as large as one store request takes, a few of them in
   * one write. The roots of the batches, to wait for. Errors: QUOTA_FULL before anything is written, DISK_FULL.
   */
  *write(blocks: readonly OwnBlock[], mark: Mark = () => []): Task<Uint8Array[]> {
    const { store } = this.#node
    yield* this.#refuseBeyondQuota(blocks)
    const batches = this.#batches(blocks)
    const roots: Uint8Array[] = []
    while (batches.length > 0) {
      const parts = [batches.shift()!]
      let size = parts[0]!.length
      while (batches.length > 0 && size + batches[0]!.length <= WRITE_BLOCKS_MAX) {
        size += batches[0]!.length
        parts.push(batches.shift()!)
      }
      const formed = parts.map((part) => this.#outbox.form(part))
      const notes = formed.map(({ note }) => note)
      // a key goes with every batch, and is written with the first
      yield* store.append('outbox', distinct(parts.flat()), {
        sync: true,
        notes: [...notes, ...mark(batches.length === 0)],
      })
      for (const { batch } of formed) this.#outbox.begin(batch)
      roots.push(...formed.map(({ batch }) => batch.root))
    }
    return roots
  }

  /** Each shard's blocks by themselves, since others keep them; the shard of the last block, as the index is, comes last. */
  #batches(blocks: readonly OwnBlock[]): OwnBlock[][] {
    const { identity, reach } = this.#node
    const room = ASK_IDS_MAX - identity.blocks.length - 1
    const depth = reach.usualDepth()
    // The keys go with every batch; alone they are one.
    const own = new IdSet(identity.blocks.map(({ id }) => id))
    const others = blocks.filter(({ id }) => !own.has(id))
    if (others.length === 0 && blocks.length > 0) return [[...identity.blocks]]
    const shards = byPrefix(others, depth, ({ locator }) => locator)
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

  /** Before the first batch of several is written: half of a write helps nobody. */
  *#refuseBeyondQuota(blocks: readonly OwnBlock[]): Task<void> {
    const { identity, quotaBytes, store } = this.#node
    const needed = neededBytes([...identity.blocks, ...blocks])
    const used = logicalBytes(yield* store.usage())
    if (used + needed <= quotaBytes) return
    const all = distinct([...identity.blocks, ...blocks])
    const metas = yield* store.meta(all.map(({ id }) => id))
    const fresh = neededBytes(all.filter((_, i) => metas[i] === undefined))
    if (fresh > 0 && used + fresh > quotaBytes) throw quotaFull(used, quotaBytes, fresh)
  }
}

/** Whom this node signs for. Throws NO_IDENTITY where that is nobody, RETIRED_KEY where another key has taken the place of ours. */
export function authorOf({ identity: { author }, keys }: Node): Author {
  if (author !== undefined && keys.isRetired(author.key)) {
    throw new SheafError('RETIRED_KEY', 'the key of this node was retired: what it signs counts for nobody', {
      hint: 'sheaf id rotate',
    })
  }
  if (author !== undefined) return author
  throw new SheafError('NO_IDENTITY', 'this node has no identity to publish under', { hint: 'sheaf init' })
}

/** A keeper checks each batch alone: it goes with our key and certificate, and with the owner of pieces that a cut parted from it. */
function ownerBefore(blocks: readonly OwnBlock[], at: number): OwnBlock[] {
  const owner = blocks[at]?.owner
  const found = owner && blocks.slice(0, at).findLast(({ id }) => equalBytes(id, owner))
  return found === undefined ? [] : [found]
}
