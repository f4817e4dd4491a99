/**
 * `npm run soak -- churn`: half of the peers leave and others come, and what was published stays readable.
 *
 *     3 peers, pages are published ─▶ more come, until 5 hold each page ─▶ rounds: one leaves, one comes, more
 *     pages, somebody reads them all ─▶ the publisher leaves, and all who are left read them all
 *
 * Lost copies are not made anew, so those who leave are drawn such that each page keeps a holder.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asSheafError, SheafError } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import type { PageJson } from '../../src/node/io/control/shapes.ts'
import { startNetwork } from '../harness/network.ts'
import { Crowd, type Sample } from './churn/crowd.ts'
import { type Acknowledged, Ledger } from './kill/ledger.ts'
import { eachOf, signersOf } from './kill/reading.ts'
import { publishAndNote, somePages } from './kill/writers.ts'
import { endAll, type SoakNode } from './nodes/node.ts'
import type { Soak, SoakReport, SoakRun } from './soak.ts'

/** Fewer than a page wants: the outbox has to go on when others come. */
const FIRST_PEERS = 3
const PUBLISHES_FIRST = 6
const PUBLISHES_PER_ROUND = 2
const READ_WITHIN_MS = 20_000
const MINUTE_MS = 60_000
/** From the first sample of a survivor to its last: caches fill, and there is a connection for each who comes. */
const RSS_GROWTH_MB_MAX = 120
const FILES_GROWTH_MAX = 40

export const soak: Soak = {
  about: 'pages stay readable while half of the peers leave and others come',
  numbers: {
    peers: { help: 'nodes, the publisher among them', default: 10, min: 8, max: 60 },
    minutes: { help: 'time that it may take at most', default: 5, min: 1, max: 600 },
  },
  plants: {
    'lose-pages': 'whoever leaves takes the pages along: those who are left answer from empty homes',
  },
  run,
}

async function run({ seed, numbers, plant, say, signal }: SoakRun): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const network = await startNetwork()
  const tooLong = AbortSignal.timeout(numbers.minutes! * MINUTE_MS)
  const crowd = new Crowd({
    folder,
    bootstrap: network.bootstrap,
    network: 'soak-churn',
    signal: AbortSignal.any([signal, tooLong]),
  })
  const ledger = new Ledger(join(folder, 'ledger.ndjson'))
  const churn = new Churn(crowd, ledger, seededRandom(`churn ${seed}`), say)
  try {
    await churn.run(numbers.peers!, plant === 'lose-pages')
  } catch (error) {
    if (signal.aborted) throw error
    const why = tooLong.aborted
      ? `it was not over after ${numbers.minutes} minutes`
      : String(asSheafError(error))
    churn.findings.push(`${churn.stage}: ${why}`)
  } finally {
    await endAll(crowd.all)
    ledger.close()
    await network.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const growth = growths(crowd.samples)
  return {
    figures: { ...churn.counts, pages: ledger.size, ...growth.figures },
    findings: [...churn.findings, ...crowd.faults, ...growth.findings],
  }
}

class Churn {
  readonly findings: string[] = []
  readonly counts = { stopped: 0, killed: 0, came: 0, reads: 0 }
  stage = 'the start'
  readonly #crowd: Crowd
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #say: (line: string) => void

  constructor(crowd: Crowd, ledger: Ledger, random: Random, say: (line: string) => void) {
    this.#crowd = crowd
    this.#ledger = ledger
    this.#random = random
    this.#say = say
  }

  async run(nodes: number, losesPages: boolean): Promise<void> {
    const crowd = this.#crowd
    const publisher = await crowd.add('publisher')
    await this.#enter(FIRST_PEERS)
    await publisher.meets(FIRST_PEERS)
    await this.#publish(publisher, PUBLISHES_FIRST, 'first')
    const { pendingBatches } = await publisher.status()
    if (pendingBatches === 0) this.findings.push(`${FIRST_PEERS} peers were enough for every page`)

    this.#go('newcomers hold what lacks holders')
    await this.#enter(nodes - 1 - FIRST_PEERS)
    await allHeld(publisher)
    crowd.sample()

    const leaving = Math.floor(nodes / 2)
    for (let round = 1; round <= leaving; round++) {
      this.#go(`round ${round} of ${leaving}`)
      const how = round % 2 === 0 ? 'stop' : 'kill'
      await crowd.leaves(await this.#whoMayLeave(publisher), how)
      this.counts[how === 'stop' ? 'stopped' : 'killed'] += 1
      await this.#enter(1)
      await this.#publish(publisher, PUBLISHES_PER_ROUND, `round-${round}`)
      await this.#readAll(this.#oneOf(crowd.peers))
      crowd.sample()
    }

    this.#go('the last pages are held')
    await allHeld(publisher)
    this.#go('the publisher has left')
    await publisher.stop()
    if (losesPages) for (const node of [...crowd.peers]) await crowd.leaves(node, 'stop')
    if (losesPages) await this.#enter(FIRST_PEERS)
    for (const node of crowd.peers) await this.#readAll(node)
    crowd.sample()
  }

  async #enter(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#crowd.joins()
      this.counts.came += 1
    }
  }

  async #publish(publisher: SoakNode, publishes: number, folder: string): Promise<void> {
    for (let i = 0; i < publishes; i++)
      await publishAndNote(publisher, somePages(`${folder}/${i}`, this.#random), this.#ledger, 0)
  }

  /** A peer without which every page still has a holder that stays. */
  async #whoMayLeave(publisher: SoakNode): Promise<SoakNode> {
    const { peers } = this.#crowd
    const here = new Set(peers.map(({ device }) => device))
    const indispensable = new Set<string>()
    const first = new Map(this.#ledger.pages().map((page) => [page.publish, page]))
    for (const page of first.values()) {
      const holders = (await signersOf(publisher, page)).filter((device) => here.has(device))
      if (holders.length === 1) indispensable.add(holders[0]!)
    }
    const free = peers.filter(({ device }) => !indispensable.has(device))
    if (free.length === 0) throw new SheafError('UNREACHABLE', 'every peer is the last holder of some page')
    return this.#oneOf(free)
  }

  /** Every page, from wherever this node gets it. */
  async #readAll(node: SoakNode): Promise<void> {
    await eachOf(this.#ledger.pages(), async (page) => {
      const wrong = await readFault(node, page)
      if (wrong !== undefined) this.findings.push(`${this.stage}: ${node.name} reads ${page.id}: ${wrong}`)
      this.counts.reads += 1
    })
  }

  #oneOf(nodes: readonly SoakNode[]): SoakNode {
    return nodes[randomBelow(this.#random, nodes.length)]!
  }

  #go(stage: string): void {
    this.stage = stage
    this.#say(`${stage}: ${this.#crowd.peers.length} peers, ${this.#ledger.size} pages`)
  }
}

async function readFault(node: SoakNode, { id, text }: Acknowledged): Promise<string | undefined> {
  try {
    const got = await node.client.ask<PageJson>('/v1/get', { query: { id, timeoutMs: READ_WITHIN_MS } })
    return got.text === text ? undefined : 'another text'
  } catch (error) {
    const { code, message } = asSheafError(error)
    if (code === 'CANCELLED') throw error
    return `${code}: ${message}`
  }
}

/** Waits until every batch of a publisher has its five holders. */
async function allHeld(publisher: SoakNode): Promise<void> {
  for await (const { type } of publisher.client.stream('/v1/events', { query: { since: 0 } })) {
    if (type !== 'listening' && type !== 'held') continue
    if ((await publisher.status()).pendingBatches === 0) return
  }
}

/** How much more each survivor took at the end than at first. */
function growths(samples: ReadonlyMap<SoakNode, readonly Sample[]>): SoakReport {
  const findings: string[] = []
  let rssGrowthMb = 0
  let filesGrowth = 0
  let rssMb = 0
  for (const [{ name }, all] of samples) {
    const [first, last] = [all[0], all.at(-1)]
    if (first === undefined || last === undefined) continue
    const more = { rssMb: last.rssMb - first.rssMb, files: last.files - first.files }
    if (more.rssMb > RSS_GROWTH_MB_MAX) findings.push(`${name} grew by ${more.rssMb.toFixed(0)} MB`)
    if (more.files > FILES_GROWTH_MAX)
      findings.push(`${name} has ${more.files} more files open than at first`)
    rssMb = Math.max(rssMb, last.rssMb)
    rssGrowthMb = Math.max(rssGrowthMb, more.rssMb)
    filesGrowth = Math.max(filesGrowth, more.files)
  }
  const whole = Math.round
  const figures = {
    rssMb: whole(rssMb),
    rssGrowthMb: whole(rssGrowthMb),
    filesGrowth,
    survivors: samples.size,
  }
  return { figures, findings }
}
