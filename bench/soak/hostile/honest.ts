/** A client that keeps to the rules, in a process that does nothing else, and how long it waits. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { encode } from '../../../src/base/codec.ts'
import { query } from '../../../src/node/queries.ts'
import { actor, START_MS } from '../../../test/helpers/actor.ts'
import { HandClient } from '../../../test/helpers/hand-client.ts'
import { Stranger } from '../../../test/helpers/stranger.ts'
import { NETWORK, target } from './besieged.ts'
import { Links } from './wire.ts'

const ADDRESS = '198.51.100.7'
const SMALL = encode(query, { type: 'introduce' })

export class Honest {
  readonly #client: HandClient
  readonly #hear: NonNullable<Stranger['onHeard']>
  readonly #lost: Promise<never>
  readonly #close: () => void
  #nextAsk = 1_000

  /** Joins the service that listens in `home` and opens a session. */
  static async join(home: string, seed: string): Promise<Honest> {
    const honest = new Honest(home, seed)
    await Promise.race([honest.#open(), honest.#lost])
    return honest
  }

  private constructor(home: string, seed: string) {
    const socket = connect(join(home, 'links'))
    this.#lost = new Promise((_, reject) => {
      const lose = (): void => reject(new Error('the attacked process is gone'))
      socket.on('error', lose).on('close', lose)
    })
    this.#lost.catch(() => {})
    const settings = {
      network: NETWORK,
      nowMs: START_MS,
      device: target(seed).device.publicKey,
      firstLink: 1,
    }
    const links = new Links(socket, settings)
    const end = new Stranger('honest', actor(`${seed} honest`, NETWORK), links)
    this.#client = new HandClient(end)
    this.#hear = end.onHeard!
    this.#close = () => void socket.destroy()
    links.join(end, ADDRESS)
  }

  /** A small query from its asking to its last result, over the socket and back, in milliseconds. */
  async time(): Promise<number> {
    const { end } = this.#client
    const begunMs = performance.now()
    const answered = new Promise<number>((resolve, reject) => {
      end.onHeard = (one) => {
        const tookMs = performance.now() - begunMs
        this.#hear(one)
        if (one.name === 'result') resolve(tookMs)
        if (one.name === 'refuse') reject(new Error(`the honest client was refused: ${this.#client.refusal}`))
      }
    })
    this.#client.sayAsk(this.#nextAsk++, SMALL)
    const tookMs = await Promise.race([answered, this.#lost])
    await Promise.race([this.#thank(), this.#lost])
    return tookMs
  }

  close(): void {
    this.#close()
  }

  async #open(): Promise<void> {
    await this.#client.earn({ type: 'introduce' })
    await this.#thank()
  }

  /** Thanks, and forgets what was said and heard. */
  async #thank(): Promise<void> {
    const { end } = this.#client
    await new Promise<void>((resolve) => {
      end.onHeard = (one) => {
        this.#hear(one)
        if (one.name === 'welcome') resolve()
      }
      end.say('thank', this.#client.checkpoint())
    })
    end.heard.length = 0
    end.said.length = 0
  }
}
