/**
 * A publisher and two holders that are killed, one at a time, over and over.
 *
 *     publish ──▶ kill ──▶ start again ──▶ read what was acknowledged ──▶ publish …
 *
 * At the end every page is read from each holder that signed for it, with the publisher gone, and each
 * home is looked through.
 */
import { join } from 'node:path'
import { asSheafError } from '../../../src/base/errors.ts'
import { networkOf } from '../../../src/base/network.ts'
import { type Random, randomBelow } from '../../../src/base/random.ts'
import { endAll, type NodeSettings, PUZZLE_BITS, SoakNode, within } from '../nodes/node.ts'
import { downgrade } from './downgrade.ts'
import { type Inspection, inspect, leftovers, repeatedNumbers } from './inspection.ts'
import { type Acknowledged, Ledger } from './ledger.ts'
import { type Occasion, occasionText, type WritingOccasion } from './occasions.ts'
import { eachOf, signersOf, whatIsWrong } from './reading.ts'
import { write } from './writers.ts'

const HOLDERS = 2
/** A strike that has not come by then comes from outside. */
const STRIKE_WITHIN_MS = 10_000
const GONE_WITHIN_MS = 2_000
/** Pages of earlier runs that are read again after a kill; at the end all are. */
const EARLIER = 30

export interface LaneSettings extends Omit<NodeSettings, 'name'> {
  readonly random: Random
}

export interface LaneTotals {
  /** Kills by the moment at which they came. */
  readonly kills: Record<string, number>
  acknowledged: number
  held: number
  cut: number
  readonly findings: string[]
}

export class Lane {
  readonly totals: LaneTotals = { kills: {}, acknowledged: 0, held: 0, cut: 0, findings: [] }
  readonly #publisher: SoakNode
  readonly #holders: readonly SoakNode[]
  readonly #settings: LaneSettings
  readonly #ledger: Ledger
  /** What each kill was, by run. */
  readonly #kills = new Map<number, string>()

  private constructor(settings: LaneSettings, publisher: SoakNode, holders: readonly SoakNode[]) {
    this.#settings = settings
    this.#publisher = publisher
    this.#holders = holders
    this.#ledger = new Ledger(join(settings.folder, 'ledger.ndjson'))
  }

  static async open(settings: LaneSettings): Promise<Lane> {
    const names = ['publisher', ...Array.from({ length: HOLDERS }, (_, i) => `holder-${i + 1}`)]
    const nodes: SoakNode[] = []
    for (const name of names) nodes.push(await SoakNode.make({ ...settings, name }))
    const [publisher, ...holders] = nodes as [SoakNode, ...SoakNode[]]
    const lane = new Lane(settings, publisher, holders)
    try {
      await Promise.all(nodes.map((node) => node.start()))
      await publisher.meets(HOLDERS)
    } catch (error) {
      await lane.close()
      throw error
    }
    return lane
  }

  /** Ends what runs, whatever it does. */
  async close(): Promise<void> {
    await endAll([this.#publisher, ...this.#holders])
    this.#ledger.close()
  }

  /** One kill, and what is left after it. */
  async strike(run: number, occasion: Occasion): Promise<void> {
    const { random } = this.#settings
    const victim =
      occasion.role === 'publisher' ? this.#publisher : this.#holders[randomBelow(random, HOLDERS)]!
    this.#kills.set(run, `run ${run}: ${occasionText(occasion)} (${victim.name})`)
    await this.#kill(run, victim, occasion)
    try {
      await victim.start()
    } catch (error) {
      this.#find(run, `${victim.name} does not start again: ${asSheafError(error).message}`)
      throw error
    }
    for (const name of leftovers(victim.home)) this.#find(run, `${name} was left lying by ${victim.name}`)
    await this.#check(run, this.#someOf(run), victim)
    await this.#publisher.meets(HOLDERS)
  }

  /** Reads everything again, the publisher gone; looks through every home. */
  async finish(): Promise<void> {
    const nodes = [this.#publisher, ...this.#holders]
    const incarnations = await Promise.all(nodes.map(async (node) => (await node.status()).incarnation))
    const pages = this.#ledger.pages()
    await eachOf(pages, (page) => this.#checkStored(page))
    await this.#publisher.stop()
    const { promises } = await this.#inspect(this.#publisher, incarnations[0]!)
    for (const number of repeatedNumbers(promises))
      this.totals.findings.push(`two statements were signed under one number: ${number}`)
    const byId = new Map(pages.map((page) => [page.id, page]))
    for (const holder of this.#holders) {
      const signed = new Set(promises.flatMap(({ device, ids }) => (device === holder.device ? ids : [])))
      await eachOf([...signed], async (id) => {
        const page = byId.get(id)
        if (page !== undefined) return this.#checkHeld(page, holder)
        // Keys, certificates, lists and pieces are promised as well.
        if ((await holder.read(id)) === null)
          this.totals.findings.push(`${holder.name} signed for ${id}, and does not have it`)
      })
    }
    await Promise.all(this.#holders.map((holder) => holder.stop()))
    for (const [i, holder] of this.#holders.entries()) await this.#inspect(holder, incarnations[i + 1]!)
  }

  async #kill(run: number, victim: SoakNode, occasion: Occasion): Promise<void> {
    if (occasion.type === 'writing' || occasion.type === 'stopping')
      return this.#killWriting(run, victim, occasion)
    const { type } = occasion
    await victim.stop()
    if (type === 'starting') {
      await victim.killStarting(occasion.afterMs)
      return this.#count(type, true)
    }
    if (type === 'reindexing') {
      return this.#count(type, (await victim.reindex(occasion.strike)) === 'SIGKILL')
    }
    await downgrade(victim.home)
    const isUp = await victim.start(occasion.strike)
    this.#count(type, !isUp)
    // It goes on where it was cut off; one that got through is killed all the same.
    await victim.kill()
  }

  async #killWriting(run: number, victim: SoakNode, { type, strike, role }: WritingOccasion): Promise<void> {
    const before = this.#ledger.size
    let isTold = true
    const tooLate = setTimeout(() => {
      isTold = false
      void victim.kill()
    }, STRIKE_WITHIN_MS)
    const writing = write(this.#publisher, this.#ledger, {
      run,
      random: this.#settings.random,
      isCut: async () => role === 'publisher' && (await goes(victim)),
    })
    // From now on there is something that a kill could lose.
    const told = this.#ledger.grows(role === 'publisher' ? 'stored' : 'held')
    void told.then(() => {
      victim.arm(strike)
      if (type === 'stopping') void victim.stop()
    })
    await Promise.race([victim.ended, writing.cut])
    clearTimeout(tooLate)
    writing.end()
    this.totals.cut += await writing.cut
    await victim.ended
    this.#count(type === 'writing' ? strike.moment : type, isTold)
    this.totals.acknowledged += this.#ledger.size - before
  }

  /** All pages of this run, and some of earlier ones. */
  #someOf(run: number): Acknowledged[] {
    const pages = this.#ledger.pages()
    const isOf = (page: Acknowledged): boolean => page.run === run
    const before = pages.filter((page) => !isOf(page))
    const start = randomBelow(this.#settings.random, Math.max(1, before.length))
    return [...before.slice(start, start + EARLIER), ...pages.filter(isOf)]
  }

  /** What was acknowledged: on the publisher, and on the victim where that signed for it. */
  async #check(run: number, pages: readonly Acknowledged[], victim: SoakNode): Promise<void> {
    await eachOf(pages, (page) => this.#checkStored(page))
    for (const group of groupsOf(pages)) {
      const [first] = group as [Acknowledged]
      const signers = await signersOf(this.#publisher, first)
      if (first.run === run && signers.length > 0) this.totals.held += group.length
      if (signers.length < first.held)
        this.#find(
          run,
          `${first.id}: ${first.held} holders were acknowledged, ${signers.length} are known now`,
        )
      if (victim === this.#publisher || !signers.includes(victim.device)) continue
      for (const page of group) await this.#checkHeld(page, victim)
    }
  }

  async #checkStored(page: Acknowledged): Promise<void> {
    const wrong = await whatIsWrong(this.#publisher, page)
    if (wrong === undefined) return
    this.#find(
      page.run,
      `${page.id} was acknowledged as stored at ${page.storedMs} ms, and publisher ${wrong}`,
    )
    this.#ledger.forget(page.id)
  }

  async #checkHeld(page: Acknowledged, holder: SoakNode): Promise<void> {
    const wrong = await whatIsWrong(holder, page)
    if (wrong === undefined) return
    this.#find(page.run, `${page.id} was signed for by ${holder.name}, which ${wrong}`)
    this.#ledger.forget(page.id)
  }

  async #inspect(node: SoakNode, incarnation: string): Promise<Inspection> {
    const network = networkOf(this.#settings.network, PUZZLE_BITS)
    const inspection = await inspect(node.home, Buffer.from(incarnation, 'hex'), network)
    this.totals.findings.push(...inspection.faults.map((fault) => `${node.name}: ${fault}`))
    return inspection
  }

  #find(run: number, what: string): void {
    this.totals.findings.push(`${this.#kills.get(run) ?? `run ${run}`}: ${what}`)
  }

  #count(moment: string, isStruck: boolean): void {
    const name = isStruck ? moment : `${moment}, from outside`
    this.totals.kills[name] = (this.totals.kills[name] ?? 0) + 1
  }
}

/** A connection breaks a moment before its process is known to be gone. */
function goes(node: SoakNode): Promise<boolean> {
  const gone = within(GONE_WITHIN_MS, 'it does not go', node.ended)
  return gone.then(
    () => true,
    () => false,
  )
}

/** Pages of one publish: they are in one batch, and so have the same holders. */
function groupsOf(pages: readonly Acknowledged[]): Acknowledged[][] {
  const groups = new Map<number, Acknowledged[]>()
  for (const page of pages) groups.set(page.publish, [...(groups.get(page.publish) ?? []), page])
  return [...groups.values()]
}
