/**
 * The disk of a simulated node: a MemoryStore with calls that take time, and what remains of it when the
 * process or the power fails. A call happens at the end of its time, one after the other, so that a crash
 * loses exactly what was not answered. What was written survives a kill; what was synced, and all that was
 * written before it, survives a loss of power.
 */
import { IdMap } from '../base/id-map.ts'
import { MemoryStore } from '../node/memory-store.ts'
import { perform } from '../node/perform.ts'
import type { StoredBlock } from '../node/store.ts'
import type { StoreCall } from '../node/store-tasks.ts'
import type { Outcome } from '../node/task.ts'
import type { Chance } from './chance.ts'

export interface DiskSpeed {
  /** Each call takes from once to twice this. */
  callMs: number
  syncMs: number
  bytesPerMs: number
}

export const USUAL_DISK: DiskSpeed = { callMs: 0.2, syncMs: 4, bytesPerMs: 50_000 }

type Write = Extract<StoreCall, { method: 'append' | 'note' }>

/** Blocks that several nodes keep, in memory once; the same bytes for everybody. */
export class BlockPool {
  readonly #blocks = new IdMap<StoredBlock>()

  shared(block: StoredBlock): StoredBlock {
    const known = this.#blocks.get(block.id)
    if (known !== undefined && Buffer.compare(known.bytes, block.bytes) === 0) return known
    // Out of the message that it came in.
    const own = { ...block, id: Uint8Array.from(block.id), bytes: Uint8Array.from(block.bytes) }
    if (known === undefined) this.#blocks.set(own.id, own)
    return own
  }
}

export class Disk {
  store = new MemoryStore()
  readonly #pool: BlockPool
  readonly #chance: Chance
  readonly #speed: DiskSpeed
  /** Everything that was written, in order; `#synced` of it rests on the medium. */
  #written: Write[] = []
  #synced = 0
  #freeMs = 0
  #waiting = 0
  #waitingMax = 0

  constructor(pool: BlockPool, chance: Chance, speed: DiskSpeed = USUAL_DISK) {
    this.#pool = pool
    this.#chance = chance
    this.#speed = speed
  }

  /** The most calls that ever waited at a time. */
  get waitingMax(): number {
    return this.#waitingMax
  }

  /** How many writes there were: a place to make a backup of. */
  get writes(): number {
    return this.#written.length
  }

  /** When a call that comes now has its outcome. */
  due(call: StoreCall, nowMs: number): number {
    const { callMs, syncMs, bytesPerMs } = this.#speed
    this.#waiting += 1
    this.#waitingMax = Math.max(this.#waitingMax, this.#waiting)
    const bytes = call.method === 'append' ? call.blocks.reduce((sum, { length }) => sum + length, 0) : 0
    const isSynced = 'sync' in call && call.sync
    const takesMs = (callMs + (isSynced ? syncMs : 0)) * this.#chance.between(1, 2) + bytes / bytesPerMs
    this.#freeMs = Math.max(nowMs, this.#freeMs) + takesMs
    return this.#freeMs
  }

  /** Makes the call: to be called when it is due. */
  async make(call: StoreCall): Promise<Outcome<unknown>> {
    this.#waiting -= 1
    const own =
      call.method === 'append' ? { ...call, blocks: call.blocks.map((one) => this.#pool.shared(one)) } : call
    try {
      const value = await perform(this.store, own)
      if (own.method === 'append' || own.method === 'note') {
        this.#written.push(own)
        if (own.sync) this.#synced = this.#written.length
      }
      return { value }
    } catch (error) {
      return { error }
    }
  }

  /** The process is gone: calls that were not made are lost, what was written is there. */
  kill(): void {
    this.#waiting = 0
    this.#freeMs = 0
  }

  /** The power is gone: what was not synced is there up to some point. */
  async losePower(): Promise<void> {
    const left = this.#written.length - this.#synced
    await this.goBack(this.#synced + this.#chance.below(left + 1))
  }

  /** The store as it was after so many writes, as a backup has it. */
  async goBack(writes: number): Promise<void> {
    this.kill()
    this.#written = this.#written.slice(0, writes)
    this.#synced = this.#written.length
    this.store = new MemoryStore()
    for (const call of this.#written) await perform(this.store, call)
  }
}
