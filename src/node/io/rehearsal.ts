/**
 * A node that has just started goes through the whole way of a page before anybody asks it to:
 * with keys that are thrown away, one service publishes and others earn, fetch, verify and keep, the first of them
 * in memory, over encrypted links that lack only the network. That this build on this machine gives the right bytes is known then, and the code is
 * compiled: a reader's first thousand pages come about twice as fast as from a cold process.
 *
 * It runs in slices, and only while nobody wants anything of the node.
 */
import { randomBytes } from 'node:crypto'
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import { type Crypto, deviceSign, deviceVerify } from '../../base/crypto.ts'
import { SheafError } from '../../base/errors.ts'
import { equalBytes, sha256 } from '../../base/hash.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { idFromText, idToText } from '../../base/text-id.ts'
import { FirstStanding } from '../../ranking/standing.ts'
import type { Answers, Command } from '../commands.ts'
import { MemoryStore } from '../memory-store.ts'
import type { Identity } from '../node.ts'
import { perform, performNow } from '../perform.ts'
import { quotaPolicy } from '../retention.ts'
import { type Effect, type Input, Service, type ServiceOptions } from '../service.ts'
import type { Store } from '../store.ts'
import { Search } from '../work.ts'
import type { Checker } from './checker.ts'
import { createIdentity } from './identity/create.ts'
import { identityOf } from './identity/identity.ts'
import { type Link, openLink } from './link.ts'
import { openStreamPair } from './stream-pair.ts'

/** Signed in two batches, neither of a power of two, so that every form of proof comes up. */
const PAGES = 300
/** Pages that a reader asks for at a time: few, so that what is done once a query is done often enough to be compiled. */
const PAGES_AT_ONCE = 32
/** Each begins with an empty store. After so many the code that a fetch runs through has been compiled: under three seconds of one core in all. */
const READERS = 14
/** Of the pages, those that each reader asks for one by one when it has the others: with 24, the first thousand single queries took 6 % longer. */
const SINGLES = 60
/** The last of them keep what they fetch on disk: with three, writing was compiled only in the middle of the first real fetch. */
const ON_DISK = 10
const PAGE_BYTES = 2_048
/** Any: see `Stage.nowMs`. */
const WITHIN_MS = 60_000
/** Work between two looks at whether somebody wants something. */
const SLICE_MS = 5
const QUOTA_BYTES = 2 ** 30

export interface RehearsalOptions {
  network: Network
  readers?: number
  crypto: Crypto
  checker: Pick<Checker, 'check' | 'cut'>
  /** Resolves when the node has nothing better to do; rejects to end the rehearsal. */
  whenIdle(): Promise<void>
  /** A store on disk that is empty, and goes when it is closed; without it all stay in memory. */
  openStore?(): Promise<Store>
}

/** Throws INTERNAL where what was read is not what was written. */
export async function rehearse(options: RehearsalOptions): Promise<void> {
  const stage = new Stage(options)
  const texts = Array.from({ length: PAGES }, (_, i) => text(i))
  const author = await stage.add('author')
  const pages = texts.map((page, i) => ({ path: `page-${i}`, text: page }))
  const published = await stage.run(author, { type: 'publish', pages, summary: '', index: true })
  const ids = published.pages.map(({ id }) => idToText(id))
  const readers = options.readers ?? READERS
  for (let i = 0; i < readers; i++) {
    const store = i < readers - ON_DISK ? undefined : await options.openStore?.()
    try {
      const reader = await stage.add('reader', store)
      await stage.join(author, reader)
      const untilMs = stage.nowMs + WITHIN_MS
      for (let at = 0; at < PAGES - SINGLES; at += PAGES_AT_ONCE) {
        const some = ids.slice(at, Math.min(at + PAGES_AT_ONCE, PAGES - SINGLES)).map(idFromText)
        const { found } = await stage.run(reader, { type: 'fetch', ids: some, untilMs })
        if (found !== some.length) throw unfit(`of ${some.length} pages ${found} verified`)
      }
      for (let one = PAGES - SINGLES; one < PAGES; one++) {
        const got = await stage.run(reader, { type: 'get', target: { id: idFromText(ids[one]!) }, untilMs })
        if (!equalBytes(got.text, texts[one]!)) throw unfit('a page was not read as it was written')
      }
    } finally {
      stage.leave(author)
      await store?.close()
    }
  }
}

/** Words that compress as a page does. */
function text(seed: number): Uint8Array {
  let words = `# Page ${seed}\n`
  for (let i = 0; words.length < PAGE_BYTES; i++) {
    const hash = sha256(Buffer.from(`${seed} ${i}`))
    words += `${WORDS[hash[0]! % WORDS.length]} ${hash[1]! % 100}${i % 12 === 11 ? '.\n\n' : ' '}`
  }
  return Buffer.from(`${words}\n`)
}

const WORDS = 'the bees of a garden keep what they gather and tell where more is to be found'.split(' ')

interface Player {
  service: Service
  store: Store
  device: { publicKey: Uint8Array; secretKey: Uint8Array }
  /** By the number of the connection. */
  links: Map<number, { link: Link; wire: Wire }>
  answers: Map<number, (outcome: { value: unknown } | { error: unknown }) => void>
}

/** What connects two players. */
interface Wire {
  /** Messages sent that have not arrived. */
  flying: number
}

function unfit(what: string): SheafError {
  return new SheafError('INTERNAL', `the rehearsal failed: ${what}`, {
    hint: 'this build does not work on this machine: install it anew, or set crypto to noble',
  })
}

class Stage {
  /** No time passes on the stage: however long the node has other things to do in between, no deadline is missed. */
  readonly nowMs = Date.now()
  readonly #options: RehearsalOptions
  readonly #network: Network
  readonly #queue: { to: Player; input: Input }[] = []
  readonly #players: Player[] = []
  #next = 1
  #isPlaying = false
  /** Calls on stores and checker under way. */
  #underWay = 0
  readonly #wires = new Set<Wire>()

  constructor(options: RehearsalOptions) {
    this.#options = options
    // A certificate that nobody sees need not cost a second of work.
    this.#network = { ...options.network, puzzleBits: 0 }
  }

  async add(role: 'author' | 'reader', store: Store = new MemoryStore()): Promise<Player> {
    const { crypto } = this.#options
    const random: Random = (length) => randomBytes(length)
    const made = await createIdentity({ network: this.#network, crypto, random, nowMs: this.nowMs })
    const identity = identityOf(made.secrets, this.#network, crypto)
    const standing = new FirstStanding()
    const nobody: Identity = { author: undefined, blocks: [] }
    const { publicKey, secretKey } = identity.device
    const service: ServiceOptions = {
      network: this.#network,
      identity: role === 'reader' ? nobody : identity,
      device: { publicKey, sign: (digest) => deviceSign(digest, secretKey) },
      incarnation: identity.incarnation,
      certificate: role === 'reader' ? undefined : identity.blocks.at(-1)?.id,
      verify: crypto.verify.bind(crypto),
      verifyDevice: deviceVerify,
      random,
      standing,
      evidence: standing,
      retention: quotaPolicy(QUOTA_BYTES, () => store.usage().bytes),
      depth: 0,
      connectionsMax: 1,
      quotaBytes: QUOTA_BYTES,
      acceptsStores: false,
      introduceAfterMs: WITHIN_MS,
    }
    const player = {
      service: new Service(service),
      store,
      device: { publicKey, secretKey },
      links: new Map(),
      answers: new Map(),
    }
    this.#players.push(player)
    this.#put(player, { type: 'start' })
    return player
  }

  async join(a: Player, b: Player): Promise<void> {
    const [from, to] = await openStreamPair(a.device, b.device)
    const wire: Wire = { flying: 0 }
    this.#wires.add(wire)
    this.#connect(a, from, wire)
    this.#connect(b, to, wire)
  }

  leave(player: Player): void {
    for (const { link } of [...player.links.values()]) link.close()
  }

  #connect(player: Player, stream: NoiseSecretStream, wire: Wire): void {
    const peer = this.#next++
    const happens = (input: Input): void => {
      this.#put(player, input)
      void this.#play()
    }
    const link = openLink(stream, this.#network, {
      received: (name, message) => {
        wire.flying -= 1
        happens({ type: 'received', peer, name, message })
      },
      drained: () => happens({ type: 'drained', peer }),
      closed: () => {
        this.#wires.delete(wire)
        player.links.delete(peer)
        happens({ type: 'disconnected', peer })
      },
    })
    if (link === undefined) throw unfit('a connection closed before it was used')
    player.links.set(peer, { link, wire })
    const { device, handshakeHash } = link
    this.#put(player, { type: 'connected', peer, device, handshakeHash })
  }

  run<T extends Command['type']>(
    player: Player,
    command: Extract<Command, { type: T }>,
  ): Promise<Answers[T]> {
    return new Promise((resolve, reject) => {
      const token = this.#next++
      player.answers.set(token, (outcome) => {
        if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.value as Answers[T])
      })
      this.#put(player, { type: 'command', token, command })
      void this.#play()
    })
  }

  #put(to: Player, input: Input): void {
    this.#queue.push({ to, input })
  }

  /** Never rejects: whoever waits for an answer hears of a failure, also one that began to wait while others played. */
  async #play(): Promise<void> {
    if (this.#isPlaying) return
    this.#isPlaying = true
    try {
      while (this.#queue.length > 0) await this.#playSlice()
      // No time passes here: what has not been answered when nothing is left to do never will be.
      if (this.#underWay === 0 && [...this.#wires].every(({ flying }) => flying === 0))
        this.#endUnanswered(unfit('it came to a standstill'))
    } catch (error) {
      this.#endUnanswered(error)
    } finally {
      this.#isPlaying = false
    }
  }

  async #playSlice(): Promise<void> {
    await this.#options.whenIdle()
    const endMs = performance.now() + SLICE_MS
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { to, input } = next
      for (const effect of to.service.step(input, this.nowMs)) this.#carryOut(to, effect)
      if (performance.now() > endMs) break
    }
  }

  #endUnanswered(error: unknown): void {
    for (const player of this.#players) {
      for (const answer of player.answers.values()) answer({ error })
      player.answers.clear()
    }
  }

  #carryOut(player: Player, effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const end = player.links.get(effect.peer)
        if (end === undefined) return
        end.wire.flying += 1
        if (!end.link.send(effect.name, effect.message))
          this.#put(player, { type: 'blocked', peer: effect.peer })
        return
      }
      case 'disconnect':
        return this.leave(player)
      case 'store':
        return this.#done(
          player,
          effect.token,
          performNow(player.store, effect.call) ?? perform(player.store, effect.call),
        )
      case 'check':
        return this.#done(player, effect.token, this.#options.checker.check(effect.request))
      case 'cut':
        return this.#done(player, effect.token, this.#options.checker.cut(effect.texts))
      case 'solve': {
        const proofs = new Search(effect.seed, effect.bid).run(Number.POSITIVE_INFINITY)
        return this.#put(player, { type: 'done', token: effect.token, outcome: { value: proofs } })
      }
      case 'answer':
        player.answers.get(effect.token)?.(effect.outcome)
        player.answers.delete(effect.token)
        return
      default:
        return // nobody is to be found or told here
    }
  }

  #done(player: Player, token: number, value: unknown): void {
    this.#underWay += 1
    Promise.resolve(value).then(
      (found) => this.#back(player, token, { value: found }),
      (error: unknown) => this.#back(player, token, { error }),
    )
  }

  #back(player: Player, token: number, outcome: { value: unknown } | { error: unknown }): void {
    this.#underWay -= 1
    this.#put(player, { type: 'done', token, outcome })
    void this.#play()
  }
}
