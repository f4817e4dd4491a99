/**
 * The first refusal, before anything is read or computed: how often somebody may come, greet, try to
 * earn, and be wrong. Counted for the device and for the networks of its address, of which the whole
 * /24 may do more than one host. Who is turned away hears BUSY, is not blamed, and may come again.
 */
import { Buckets, type Rate } from './buckets.ts'
import type { Caller } from './caller.ts'

/** Something that a caller can do so often; `fault` is what it pays for a bogus proof or a breach. */
export type Act = 'connect' | 'hello' | 'earn' | 'fault'

interface Rates {
  device: Rate
  /** An IPv4 host. */
  host: Rate
  /** An IPv4 /24, or an IPv6 /48. */
  net: Rate
}

/**
 * Figures. An honest client says one hello and one earn for a session and a few more while a node is
 * busy, so the rates leave it room by a factor of ten. A hello costs a server about 10 µs and a bogus
 * earn as much: a /24 that does all it may takes some 0.2 % of a core.
 */
const RATES: Record<Act, Rates> = {
  connect: {
    device: { burst: 32, perS: 0.5 },
    host: { burst: 64, perS: 2 },
    net: { burst: 256, perS: 8 },
  },
  hello: {
    device: { burst: 128, perS: 4 },
    host: { burst: 256, perS: 16 },
    net: { burst: 1_024, perS: 64 },
  },
  earn: {
    device: { burst: 128, perS: 4 },
    host: { burst: 256, perS: 16 },
    net: { burst: 1_024, perS: 64 },
  },
  fault: {
    device: { burst: 8, perS: 1 / 30 },
    host: { burst: 32, perS: 1 / 5 },
    net: { burst: 128, perS: 1 },
  },
}

/** A local network, or the many nodes of one machine, may do so many times as much. */
const LOCAL_FACTOR = 32

/** Of each act; about 150 bytes each, 10 MB at the most in all. */
const BUCKETS_MAX = 16_384

export class Gate {
  readonly #buckets: Record<Act, Buckets> = {
    connect: new Buckets(BUCKETS_MAX),
    hello: new Buckets(BUCKETS_MAX),
    earn: new Buckets(BUCKETS_MAX),
    fault: new Buckets(BUCKETS_MAX),
  }
  readonly #rates: Record<Act, Rates>
  readonly #localRates: Record<Act, Rates>

  /** `factor`: how many times the rates that are written here; a bench of what comes behind the gate opens it wide. */
  constructor({ factor = 1 } = {}) {
    this.#rates = ratesTimes(factor)
    this.#localRates = ratesTimes(factor * LOCAL_FACTOR)
  }

  /** Buckets in memory. */
  get size(): number {
    return Object.values(this.#buckets).reduce((sum, { size }) => sum + size, 0)
  }

  /**
   * Whether the caller may do this now; if so, it is counted. Who is known to be good answers for its
   * device alone: what its neighbours do is not held against it.
   */
  passes(caller: Caller, act: Exclude<Act, 'fault'>, isKnown: boolean, nowMs: number): boolean {
    const count = isKnown ? 1 : 1 + caller.networks.length
    for (let i = 0; i < count; i++) {
      if (this.#level(caller, 'fault', i, nowMs) < 1 || this.#level(caller, act, i, nowMs) < 1) return false
    }
    for (let i = 0; i < count; i++) this.#take(caller, act, i, nowMs)
    return true
  }

  /** A bogus proof, or another breach. */
  noteFault(caller: Caller, nowMs: number): void {
    for (let i = 0; i <= caller.networks.length; i++) this.#take(caller, 'fault', i, nowMs)
  }

  #level(caller: Caller, act: Act, i: number, nowMs: number): number {
    return this.#buckets[act].level(nameOf(caller, i), this.#rateOf(caller, act, i), nowMs)
  }

  #take(caller: Caller, act: Act, i: number, nowMs: number): void {
    this.#buckets[act].take(nameOf(caller, i), this.#rateOf(caller, act, i), nowMs)
  }

  #rateOf({ networks, isLocal }: Caller, act: Act, i: number): Rate {
    const rates = (isLocal ? this.#localRates : this.#rates)[act]
    if (i === 0) return rates.device
    return i === networks.length ? rates.net : rates.host
  }
}

/** Bucket 0 is the device's, the others are those of its networks. */
function nameOf({ device, networks }: Caller, i: number): string {
  return i === 0 ? device : networks[i - 1]!
}

function ratesTimes(factor: number): Record<Act, Rates> {
  const times = ({ burst, perS }: Rate): Rate => ({ burst: burst * factor, perS: perS * factor })
  const all = Object.entries(RATES).map(([act, { device, host, net }]) => [
    act,
    { device: times(device), host: times(host), net: times(net) },
  ])
  return Object.fromEntries(all) as Record<Act, Rates>
}
