/** What scenarios are made of: start nodes, publish, read, and hold the network to what it said. */
import { asSheafError } from '../base/errors.ts'
import type { Page } from '../content/space.ts'
import type { Asked } from '../node/fetching.ts'
import { run, settleAll, type Task } from '../node/task.ts'
import { Chance } from './chance.ts'
import type { SimCrypto } from './crypto.ts'
import type { Finding } from './finding.ts'
import { Ledger, type Published } from './ledger.ts'
import type { Machine } from './machine.ts'
import type { SimNode } from './node.ts'
import type { Person } from './person.ts'
import { disagreements, lostPromises, missingCopies, newest, unreadable } from './verifying.ts'
import { Watch } from './watching.ts'
import { World, type WorldOptions } from './world.ts'

/** Nodes of a shard, about: enough for five copies with some of them away. */
const SHARD_NODES = 12
/** Queues are looked at each second, and more seldom where there are many nodes. */
const MEASURE_EVERY_MS = 1_000
const MEASURED_PER_SECOND = 50
/** How long a publisher waits for progress, and a reader for its page. */
const PATIENCE_MS = 120_000
const READ_WITHIN_MS = 30_000
/** A reader that is refused or finds nobody asks again, as a person does. */
const READ_TRIES = 3
const READ_AGAIN_MS = 20_000
/** Readers at a time. */
const READERS_AT_ONCE = 64
/** A thousand nodes search for the work of a few. */
const CHEAPER_WORK = 128

export interface StageOptions extends Pick<WorldOptions, 'seed' | 'trace' | 'weather' | 'tamper'> {
  nodes: number
  crypto: SimCrypto
  say?: (line: string) => void
}

export class Stage {
  readonly world: World
  readonly ledger = new Ledger()
  readonly watch: Watch
  readonly chance: Chance
  readonly depth: number
  readonly #options: StageOptions
  #isOver = false

  constructor(options: StageOptions) {
    this.#options = options
    this.world = new World(options)
    this.watch = new Watch(this.world, this.ledger)
    this.chance = new Chance(`${options.seed} scenario`)
    this.depth = depthFor(options.nodes)
  }

  get nodes(): SimNode[] {
    return this.world.nodes
  }

  say(line: string): void {
    this.#options.say?.(`${(this.world.nowMs / 1000).toFixed(1)} s  ${line}`)
  }

  /** The nodes of the run, all alike but for what `optionsOf` says of some. */
  addNodes(optionsOf: (number: number) => Partial<Machine> = () => ({})): SimNode[] {
    return Array.from({ length: this.#options.nodes }, (_, i) => this.add(optionsOf(i)))
  }

  add(options: Partial<Machine> = {}, person?: Person): SimNode {
    const cheaperWork = this.#options.crypto.name === 'cheap' ? CHEAPER_WORK : 1
    const node = this.world.add({ depth: this.depth, cheaperWork, ...options }, person)
    if (node.options.isSilent) this.ledger.dishonest.add(node)
    return node
  }

  /** Starts nodes one after the other within a time, and lets them meet. */
  *start(nodes: readonly SimNode[], withinMs: number, meetMs: number): Task<void> {
    run(this.#measure(), () => {})
    for (const node of nodes) {
      node.start()
      yield* this.world.sleep(withinMs / nodes.length)
    }
    yield* this.world.sleep(meetMs)
    this.say(`${nodes.length} nodes, ${this.world.messages} messages`)
  }

  /** Publishes a page; undefined where the node went down before it had said that the page is stored. */
  *publish(author: SimNode, path: string, text: Uint8Array = this.text()): Task<Published | undefined> {
    const { incarnation } = author
    const page: Page = { space: { type: 'entity', id: author.person.entity }, path }
    try {
      const said = yield* author.run({ type: 'publish', pages: [{ path, text }], summary: '', index: true })
      const { id } = said.pages[0]!
      const published = { author, incarnation, page, id, text, batches: said.batches, copies: undefined }
      this.ledger.published.push(published)
      return published
    } catch (cause) {
      this.say(`${author.name} published nothing: ${asSheafError(cause).message}`)
      return undefined
    }
  }

  /** Waits until a page is held, as far as its publisher gets; whether it is. */
  *held(published: Published): Task<boolean> {
    const { author, batches } = published
    try {
      const progress = yield* author.run({ type: 'held', batches, patienceMs: PATIENCE_MS })
      if (progress.isHeld) published.copies = Math.min(progress.held, progress.target)
      return progress.isHeld
    } catch (cause) {
      this.say(`${author.name} waits no longer: ${asSheafError(cause).message}`)
      return false
    }
  }

  *publishHeld(author: SimNode, path: string): Task<void> {
    const published = yield* this.publish(author, path)
    if (published !== undefined) yield* this.held(published)
  }

  /** Has the newest version of each page read by somebody else who is up. */
  *readAll(published: readonly Published[] = newest(this.ledger.published)): Task<void> {
    const queue = [...published]
    const reader = function* (stage: Stage): Task<void> {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) yield* stage.read(one)
    }
    yield* this.all(Array.from({ length: READERS_AT_ONCE }, () => reader(this)))
    this.say(`${published.length} pages were asked for`)
  }

  *read(published: Published, from?: SimNode): Task<void> {
    const { author, page } = published
    const others = this.nodes.filter((one) => one !== author && one.isUp && !one.options.isSilent)
    const reader = from ?? this.chance.pick(others)
    let failure: string | undefined
    for (let tries = 0; tries < READ_TRIES; tries++) {
      if (tries > 0) yield* this.world.sleep(READ_AGAIN_MS)
      try {
        const untilMs = reader.wallMs + READ_WITHIN_MS
        const { text } = yield* reader.run({ type: 'get', target: { page }, untilMs })
        this.ledger.reads.push({ reader, published, text, failure: undefined })
        return
      } catch (cause) {
        const { message, details } = asSheafError(cause)
        failure = `${message} ${this.#askedText(details?.asked)}`.trim()
      }
    }
    this.ledger.reads.push({ reader, published, text: undefined, failure })
  }

  /** Asks some nodes for the history of a page and notes what each knows. */
  *compare(page: Page, nodes: readonly SimNode[]): Task<void> {
    for (const node of nodes) {
      try {
        const log = yield* node.run({ type: 'log', page, untilMs: node.wallMs + READ_WITHIN_MS })
        const head = log.find(({ isHead }) => isHead)?.id
        this.ledger.known.push({ node, page, versions: log.map(({ id }) => id), head })
      } catch {
        // Who finds no version has no head to compare.
      }
    }
  }

  /** Waits once more for a page that was published in troubled times. */
  *holdAgain(published: Published): Task<void> {
    if (published.author.isUp) yield* this.held(published)
  }

  /** The newest version of each page but of those with this path, which several wrote. */
  newestBut(path: string): Published[] {
    return newest(this.ledger.published).filter(({ page }) => page.path !== path)
  }

  /** Runs all at once; throws the first error. */
  *all(tasks: Task<void>[]): Task<void> {
    for (const outcome of yield* settleAll(tasks)) if ('error' in outcome) throw outcome.error
  }

  /** Power or process of a node fails, and it starts again later. */
  *crash(node: SimNode, kind: 'kill' | 'power', downMs: number): Task<void> {
    node.kill()
    if (kind === 'power') yield* this.world.wait(() => node.disk.losePower())
    yield* this.world.sleep(downMs)
    node.start()
  }

  /** Puts a node's store back to an earlier state. It knows by its home that it was restored, and begins another incarnation. */
  *restore(node: SimNode, writes: number): Task<void> {
    node.kill()
    yield* this.world.wait(() => node.disk.goBack(writes))
    node.incarnation = this.chance.bytes(16)
    this.ledger.restored.add(node)
    node.start()
  }

  /** All that the checkers find. */
  *verify(): Task<Finding[]> {
    this.#isOver = true
    this.watch.measure()
    return [
      ...unreadable(this.ledger.reads, this.ledger.published),
      ...(yield* missingCopies(this.world, this.ledger)),
      ...(yield* lostPromises(this.world, this.ledger)),
      ...disagreements(this.ledger.known),
      ...this.watch.findings,
    ]
  }

  /** A page of words: its length is that of most pages, and a few are long. */
  text(): Uint8Array {
    const { chance } = this
    const words = chance.happens(0.05) ? 4_000 : 20 + chance.below(400)
    const text = Array.from({ length: words }, () => chance.pick(WORDS)).join(' ')
    return Buffer.from(`# ${chance.pick(WORDS)} ${chance.bits()}\n\n${text}\n`)
  }

  /** Distinct blocks and bytes on the disks, up or down. */
  stored(): { pagesPerNode: number; pagesPerNodeMax: number; bytes: number } {
    const usages = this.nodes.map(({ disk }) => disk.store.usage())
    const blocks = usages.map((one) => one.blocks)
    return {
      pagesPerNode: blocks.reduce((sum, one) => sum + one, 0) / Math.max(1, blocks.length),
      pagesPerNodeMax: Math.max(0, ...blocks),
      bytes: usages.reduce((sum, one) => sum + one.bytes, 0),
    }
  }

  /** Who was asked for a thing, by name, and what each said. */
  #askedText(asked: unknown): string {
    const all = Array.isArray(asked) ? (asked as Asked[]) : []
    return all.map(({ device, answer }) => `${this.world.nodeOf(device)?.name}: ${answer}`).join(', ')
  }

  *#measure(): Task<void> {
    while (!this.#isOver) {
      this.watch.measure()
      yield* this.world.sleep(MEASURE_EVERY_MS * Math.max(1, this.nodes.length / MEASURED_PER_SECOND))
    }
  }
}

/** Bits of the keyspace that a node keeps, so that each part has about as many keepers as it needs. */
export function depthFor(nodes: number): number {
  let depth = 0
  while (nodes / 2 ** (depth + 1) >= SHARD_NODES) depth += 1
  return depth
}

const WORDS = (
  'a wiki that no one hosts is kept by those who read it and each page is signed by whoever wrote it so that ' +
  'bees honey clover meadow river stone winter bread salt lamp harbour letter bridge orchard thunder'
).split(' ')
