/**
 * The checkers that look on while a simulation runs: nothing honest is punished, no two statements share
 * a number, no queue grows above its limit, and no service throws.
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { parseRecord } from '../content/record.ts'
import { HOLDING, holding, SHELF_CLAIM, shelfClaim } from '../content/statement.ts'
import { MESSAGES, type MessageName } from '../node/wire.ts'
import type { Observation } from '../ranking/evidence.ts'
import type { Finding } from './finding.ts'
import type { Ledger } from './ledger.ts'
import { type SimNode, shortHex } from './node.ts'
import { BLOCKED_ABOVE_BYTES } from './stream.ts'
import type { Witness, World } from './world.ts'

/** What must not be noted of who did nothing wrong. A time-out is lawful where there was silence. */
const PUNISHMENTS: ReadonlySet<Observation['type']> = new Set(['wrong bytes', 'misbehaved', 'not welcomed'])
/** What a node may have given to a link that told it to wait: a batch that is being delivered, and answers that were begun. */
const LINK_BYTES_MAX = BLOCKED_ABOVE_BYTES + 24 * 2 ** 20
/** Calls on a disk, and effects that a service waits for. */
const DISK_CALLS_MAX = 4_096
const AWAITED_MAX = 8_192
const TIMERS_MAX = 65_536
/** The same thing found again and again is told so often. */
const TOLD_MAX = 20

export class Watch implements Witness {
  readonly findings: Finding[] = []
  /** The most of each that was ever seen. */
  readonly peaks = { connections: 0, linkBytes: 0, diskCalls: 0, awaited: 0, timers: 0 }
  readonly #world: World
  readonly #ledger: Ledger
  /** Records that were looked at, and by device, incarnation and number which it was. */
  readonly #seen = new IdSet()
  readonly #numbered = new Map<string, Uint8Array>()

  constructor(world: World, ledger: Ledger) {
    this.#world = world
    this.#ledger = ledger
    world.witnesses.push(this)
  }

  observed(by: SimNode, of: SimNode, observation: Observation): void {
    if (!PUNISHMENTS.has(observation.type) || this.#ledger.dishonest.has(of)) return
    const code = 'code' in observation ? ` (${observation.code})` : ''
    this.#find('honest', `${by.name} noted "${observation.type}"${code} of ${of.name}, which is honest`)
  }

  crashed(node: SimNode, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#find('crashes', `the service of ${node.name} threw: ${text.split('\n').slice(0, 3).join(' ')}`)
  }

  said(_from: SimNode, _to: SimNode, name: MessageName, message: Uint8Array): void {
    switch (name) {
      case 'thank':
      case 'welcome': {
        const { claim } = decode(MESSAGES[name], message)
        if (claim !== undefined) this.#takeStatement(claim)
        return
      }
      case 'result':
        for (const { answer } of decode(MESSAGES.result, message).items)
          if (answer.type === 'holding') this.#takeStatement(answer.record)
        return
      default:
        return
    }
  }

  /** Looks at every queue; to be called now and then. */
  measure(): void {
    const { peaks } = this
    for (const node of this.#world.nodes) {
      const { connections, awaited, timers } = node.service.held
      const { connectionsMax, quotaBytes } = node.options
      this.#bound(node, 'connections', connections, connectionsMax)
      this.#bound(node, 'effects under way', awaited, AWAITED_MAX)
      this.#bound(node, 'timers', timers, TIMERS_MAX)
      this.#bound(node, 'calls on the disk', node.disk.waitingMax, DISK_CALLS_MAX)
      this.#bound(node, 'stored bytes', node.disk.store.usage().bytes, quotaBytes)
      for (const { link, side } of node.links()) {
        const buffered = link.buffered(side)
        this.#bound(node, 'bytes in a link', buffered, LINK_BYTES_MAX)
        peaks.linkBytes = Math.max(peaks.linkBytes, buffered)
      }
      peaks.connections = Math.max(peaks.connections, connections)
      peaks.diskCalls = Math.max(peaks.diskCalls, node.disk.waitingMax)
      peaks.awaited = Math.max(peaks.awaited, awaited)
      peaks.timers = Math.max(peaks.timers, timers)
    }
  }

  #bound(node: SimNode, what: string, value: number, max: number): void {
    if (value > max) this.#find('bounds', `${node.name} has ${value} ${what}, where ${max} is the limit`)
  }

  #takeStatement(bytes: Uint8Array): void {
    const record = parseRecord(bytes)
    if (!this.#seen.add(record.id)) return
    const body =
      record.kind === HOLDING
        ? decode(holding, record.body)
        : record.kind === SHELF_CLAIM
          ? decode(shelfClaim, record.body)
          : undefined
    if (body === undefined) return
    const { incarnation, sequence } = body
    const place = `${hexOf(record.signer)} ${hexOf(incarnation)} ${sequence}`
    const first = this.#numbered.get(place)
    if (first === undefined) this.#numbered.set(place, record.id)
    else if (!equalBytes(first, record.id)) {
      const who = this.#world.nodeOf(record.signer)?.name ?? shortHex(record.signer)
      this.#find('statements', `${who} signed two statements with number ${sequence} in one incarnation`)
    }
  }

  #find(check: Finding['check'], message: string): void {
    const told = this.findings.filter((one) => one.check === check).length
    if (told >= TOLD_MAX || this.findings.some((one) => one.message === message)) return
    this.findings.push({ check, message })
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
