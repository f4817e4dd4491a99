/**
 * A batch: blocks that are handed on together, and who has signed to hold which of them. A
 * keeper may take a part; each entry is held by so many persons as hold it.
 */
import { bytes as bytesCodec, decode, encode, id32, list, optional, struct, uint } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.ts'
import { parseRecord } from '../content/record.ts'
import { entityLocator } from '../content/space.ts'
import { holding } from '../content/statement.ts'
import { type SessionEnv, verifyStatement } from './peer.ts'
import type { People } from './people.ts'
import { Retries, type RetryTimes } from './retries.ts'
import { byPrefix } from './shards.ts'
import type { StoreTasks } from './store-tasks.ts'
import type { Task } from './task.ts'
import { ASK_IDS_MAX } from './wire.ts'

/** Persons that must hold a batch before its publisher is told that it is held: min(5, N). */
export const HOLDERS_MIN = 5

/** Devices whose promises for one batch are kept: five for each entry, and more where every keeper takes a small part. */
const HOLDINGS_MAX = 128
/** Keys and certificates are a few hundred bytes, and a batch needs one of each. */
const BESIDE_BYTES_MAX = 4_096
const BESIDE_MAX = 16
/** A version with the list of its file's tables. */
const OWNER_BYTES_MAX = 8_192
const MASK_BYTES_MAX = ASK_IDS_MAX / 8
/** A keeper that failed or refused is asked again after half a minute, then ever later. */
export const RETRIES: RetryTimes = { firstMs: 30_000, capMs: 3600_000 }

export interface BatchEntry {
  id: Uint8Array
  locator: Uint8Array
  bytes: number
  /** Of a loose piece. */
  owner: Uint8Array | undefined
}

const MADE_MS = uint(2 ** 48)
/** The records. One over a part of the entries is followed by which: a bit for each, lowest first; no record is as short as that. */
const HOLDINGS = list(bytesCodec(RECORD_BYTES_MAX), 2 * HOLDINGS_MAX)
const NOTE_FORMAT = 2

/** A record lies where it says itself, so the store knows its place; a loose piece may lie at several. */
export const batchNote = struct({
  format: uint(NOTE_FORMAT, NOTE_FORMAT),
  madeMs: MADE_MS,
  entries: list(
    struct({
      id: id32,
      bytes: uint(BLOCK_BYTES_MAX),
      piece: optional(struct({ owner: id32, locator: id32 })),
    }),
    ASK_IDS_MAX,
    1,
  ),
  holdings: HOLDINGS,
})

/** As it was first. It begins with the time, whose first byte is never as low as a format. */
export const batchNoteBefore = struct({
  madeMs: MADE_MS,
  entries: list(
    struct({ id: id32, locator: id32, bytes: uint(BLOCK_BYTES_MAX), owner: optional(id32) }),
    ASK_IDS_MAX,
    1,
  ),
  holdings: HOLDINGS,
})

/** The place of an entry that the store lacks: nobody is offered that. */
const NOWHERE = new Uint8Array(32)

interface Holding {
  record: Uint8Array
  /** The entries it is over, by number; undefined for all. */
  part: ReadonlySet<number> | undefined
}

/** Promises that are on disk; these and those that came just now; all, and the pushes that are under way. */
type Counting = 'written' | 'signed' | 'asked'

export class Batch {
  readonly root: Uint8Array
  readonly madeMs: number
  readonly entries: readonly BatchEntry[]
  readonly holdings = new IdMap<Holding>()
  /** Devices that a push is under way to, with what they are offered. */
  readonly busy = new IdMap<ReadonlySet<number>>()
  /** Devices that failed with it. */
  readonly retries = new Retries(RETRIES)
  /** Whether it was held already, and its promises end soon. */
  isRenewal = false
  /** Devices whose promise is in memory only: nobody is told that they hold anything yet. */
  readonly #unwritten = new IdSet()
  /** The keys among the entries and what lives with them: they go with everything, wherever that is kept. */
  readonly #beside: ReadonlySet<number>
  #places: { depth: number; locators: readonly Uint8Array[] } = { depth: -1, locators: [] }
  #held = { version: -1, count: 0 }

  constructor(root: Uint8Array, madeMs: number, entries: readonly BatchEntry[]) {
    this.root = root
    this.madeMs = madeMs
    this.entries = entries
    this.#beside = besides(entries)
  }

  /** `places` of the records among its entries; without them it is good for telling who holds what, and not for offering. */
  static decode(
    root: Uint8Array,
    note: Uint8Array,
    env: Pick<SessionEnv, 'network' | 'verifyDevice'>,
    places: Pick<IdMap<Uint8Array>, 'get'> = NO_PLACES,
  ): Batch {
    const { madeMs, entries, holdings } = readNote(note)
    const placed = entries.map((entry) => {
      return { ...entry, locator: entry.locator ?? places.get(entry.id) ?? NOWHERE }
    })
    const batch = new Batch(root, madeMs, placed)
    for (const [i, record] of holdings.entries()) {
      if (record.byteLength <= MASK_BYTES_MAX) continue
      const next = holdings[i + 1]
      const part = next !== undefined && next.byteLength <= MASK_BYTES_MAX ? numbersIn(next) : undefined
      batch.holdings.set(verifyStatement(record, env).signer, { record, part })
    }
    return batch
  }

  encode(): Uint8Array {
    const holdings = [...this.holdings.values()].flatMap(({ record, part }) =>
      part === undefined ? [record] : [record, maskOf(part)],
    )
    const entries = this.entries.map(({ id, bytes, owner, locator }) => {
      return { id, bytes, piece: owner && { owner, locator } }
    })
    return encode(batchNote, { format: NOTE_FORMAT, madeMs: this.madeMs, entries, holdings })
  }

  /**
   * Adds a promise; false where it is not kept. A device is offered what it holds again with what it lacks, so that
   * one record stands for all of it; of two the larger is kept. With no place left it takes that of the smallest:
   * who takes little, under many names, keeps nobody out who takes much.
   */
  add(device: Uint8Array, record: Uint8Array, kept: ReadonlySet<number>): boolean {
    const part = kept.size === this.entries.length ? undefined : kept
    const known = this.holdings.get(device)
    if (known !== undefined && sizeOf(known, this) > kept.size) return false
    if (known === undefined && this.holdings.size >= HOLDINGS_MAX) {
      const smallest = [...this.holdings].reduce((a, b) => (sizeOf(b[1], this) < sizeOf(a[1], this) ? b : a))
      if (sizeOf(smallest[1], this) >= kept.size) return false
      this.holdings.delete(smallest[0])
    }
    this.holdings.set(device, { record, part })
    this.#unwritten.add(device)
    this.#held.version = -1
    return true
  }

  /** The bytes of its note, and what to call once they are on disk: the promises among them count from then on. */
  toWrite(): { value: Uint8Array; written(): void } {
    const devices = [...this.#unwritten]
    return {
      value: this.encode(),
      written: () => {
        for (const device of devices) this.#unwritten.delete(device)
        this.#held.version = -1
      },
    }
  }

  /** Drops the promises that end before this; whether there were any. */
  forgetEndingBefore(timeMs: number): boolean {
    const ending = [...this.holdings].filter(([, { record }]) => endOf(record) < timeMs)
    for (const [device] of ending) this.holdings.delete(device)
    if (ending.length > 0) this.#held.version = -1
    return ending.length > 0
  }

  /** Forgets the promises of those that do not count. */
  heed(counts: (device: Uint8Array) => boolean): void {
    for (const device of [...this.holdings.keys()]) if (!counts(device)) this.holdings.delete(device)
    this.#held.version = -1
  }

  /** The persons that hold the entry with the fewest of them, by the promises that are written down. */
  held(people: People): number {
    if (this.#held.version !== people.version) {
      this.#held = { version: people.version, count: this.#fewest(people, 'written') }
    }
    return this.#held.count
  }

  /** The same by all promises, those among them that are yet to be written. */
  signed(people: People): number {
    return this.#fewest(people, 'signed')
  }

  /**
   * What to offer to a device that keeps what `covers` says: entries that lack holders and that its person does not
   * hold, with what it holds itself, and the keys that go with everything; only what `mayOffer` says. Empty where there is nothing to add.
   */
  offerFor(
    device: Uint8Array,
    people: People,
    covers: (locator: Uint8Array) => boolean,
    mayOffer: (entry: BatchEntry) => boolean = () => true,
  ): number[] {
    const person = people.personOf(device)
    const holdAll = this.#holdAll(people, 'asked')
    if (holdAll.size >= HOLDERS_MIN || holdAll.has(person)) return []
    const persons = this.#personsByEntry(people, 'asked')
    const lacking = this.entries.flatMap((entry, i) => {
      const isLacking = persons[i]!.size < HOLDERS_MIN && !persons[i]!.has(person)
      return isLacking && covers(entry.locator) && mayOffer(entry) ? [i] : []
    })
    if (lacking.every((i) => this.#beside.has(i))) return []
    const known = this.holdings.get(device)?.part ?? []
    const offered = [...new Set([...this.#beside, ...known, ...lacking])].sort((a, b) => a - b)
    return offered.filter((i) => mayOffer(this.entries[i]!))
  }

  /** Whether a device that keeps what `covers` says could be offered something. */
  concerns(covers: (locator: Uint8Array) => boolean): boolean {
    return this.entries.some(({ locator }, i) => !this.#beside.has(i) && covers(locator))
  }

  /** Whether it hands on a file, whose version is a batch's entry elsewhere, too. */
  get isOfFile(): boolean {
    return ownersAfar(this.entries).size > 0
  }

  /** A locator in each of the shards that its entries lie in. */
  places(depth: number): readonly Uint8Array[] {
    if (this.#places.depth !== depth) this.#places = { depth, locators: this.#placesAt(depth) }
    return this.#places.locators
  }

  #placesAt(depth: number): Uint8Array[] {
    const entries = this.entries.filter((_, i) => !this.#beside.has(i))
    return byPrefix(entries, depth, ({ locator }) => locator).flatMap(({ locator }) => locator ?? [])
  }

  #fewest(people: People, counting: Counting): number {
    return Math.min(...this.#personsByEntry(people, counting).map((persons) => persons.size))
  }

  /** Who holds each entry. */
  #personsByEntry(people: People, counting: Counting): ReadonlySet<string>[] {
    const all = this.#holdAll(people, counting)
    const parts = this.#counted(counting).flatMap(({ device, part }) => (part ? [{ device, part }] : []))
    if (counting === 'asked') for (const [device, part] of this.busy) parts.push({ device, part })
    if (parts.length === 0) return this.entries.map(() => all)
    return this.entries.map((_, i) => {
      const some = parts.filter(({ part }) => part.has(i)).map(({ device }) => people.personOf(device))
      return some.length === 0 ? all : new Set([...all, ...some])
    })
  }

  /** The persons who hold, or are offered, everything. */
  #holdAll(people: People, counting: Counting): ReadonlySet<string> {
    const all = new Set<string>()
    for (const { device, part } of this.#counted(counting)) {
      if (part === undefined) all.add(people.personOf(device))
    }
    if (counting !== 'asked') return all
    for (const [device, { size }] of this.busy) {
      if (size === this.entries.length) all.add(people.personOf(device))
    }
    return all
  }

  #counted(counting: Counting): { device: Uint8Array; part: ReadonlySet<number> | undefined }[] {
    const all = [...this.holdings].map(([device, { part }]) => ({ device, part }))
    return counting === 'written' ? all.filter(({ device }) => !this.#unwritten.has(device)) : all
  }
}

const NO_PLACES = new IdMap<Uint8Array>()

type NoteEntry = Omit<BatchEntry, 'locator'> & { locator: Uint8Array | undefined }

/** A note of either format. */
function readNote(note: Uint8Array): { madeMs: number; entries: NoteEntry[]; holdings: Uint8Array[] } {
  if (note[0] !== NOTE_FORMAT) return decode(batchNoteBefore, note)
  const { madeMs, entries, holdings } = decode(batchNote, note)
  return {
    madeMs,
    entries: entries.map(({ id, bytes, piece }) => {
      return { id, bytes, owner: piece?.owner, locator: piece?.locator }
    }),
    holdings,
  }
}

/** A note → its batch, whole: with the places that the store knows. */
export function* batchIn(
  store: StoreTasks,
  root: Uint8Array,
  note: Uint8Array,
  env: Pick<SessionEnv, 'network' | 'verifyDevice'>,
): Task<Batch> {
  const ids = readNote(note).entries.flatMap(({ id, locator }) => (locator === undefined ? [id] : []))
  const places = new IdMap<Uint8Array>()
  for (const [i, meta] of (yield* store.meta(ids)).entries()) {
    if (meta !== undefined) places.set(ids[i]!, Uint8Array.from(meta.locator))
  }
  return Batch.decode(root, note, env, places)
}

/** The entries whose blocks, and owners, are in the store: a crash may come between a batch's note and its blocks. */
export function* storedAmong(store: StoreTasks, entries: readonly BatchEntry[]): Task<BatchEntry[]> {
  const metas = yield* store.meta(entries.map(({ id }) => id))
  const here = new IdSet(entries.flatMap(({ id }, i) => (metas[i] === undefined ? [] : [id])))
  return entries.filter(({ id, owner }) => here.has(id) && (owner === undefined || here.has(owner)))
}

/** The holdings in a note `pending` or `holding`. */
export function holdingsIn(note: Uint8Array): Uint8Array[] {
  return readNote(note).holdings.filter(({ byteLength }) => byteLength > MASK_BYTES_MAX)
}

/**
 * Which of these offers are keys, and what lives at a key's locator, and versions whose file lives elsewhere: told
 * from the offers alone, for keeper and publisher alike.
 */
export function besides(
  offers: readonly { id: Uint8Array; locator: Uint8Array; owner: Uint8Array | undefined; bytes: number }[],
): ReadonlySet<number> {
  const keys = offers.filter(({ id, locator, owner }) => {
    return owner === undefined && equalBytes(entityLocator(id), locator)
  })
  const afar = ownersAfar(offers)
  const beside = offers.flatMap(({ id, locator, owner, bytes }, i) => {
    if (owner !== undefined) return []
    const isOfKey = bytes <= BESIDE_BYTES_MAX && keys.some((key) => equalBytes(key.locator, locator))
    return isOfKey || (bytes <= OWNER_BYTES_MAX && afar.has(id)) ? [i] : []
  })
  // What an entity says of itself goes by itself, to those who keep that.
  return new Set(beside.length === offers.length ? [] : beside.slice(0, BESIDE_MAX))
}

/** Ids of the owners of what does not live where they do. */
export function ownersAfar(
  offers: readonly { id: Uint8Array; locator: Uint8Array; owner: Uint8Array | undefined }[],
): IdSet {
  const owners = new IdMap<Uint8Array>()
  for (const { id, locator, owner } of offers) if (owner === undefined) owners.set(id, locator)
  return new IdSet(
    offers.flatMap(({ locator, owner }) => {
      const at = owner && owners.get(owner)
      return at === undefined || equalBytes(at, locator) ? [] : [owner!]
    }),
  )
}

/** When a promise ends. It was verified when it was given. */
function endOf(record: Uint8Array): number {
  return decode(holding, parseRecord(record).body).until
}

function sizeOf({ part }: Holding, { entries }: Batch): number {
  return part?.size ?? entries.length
}

function maskOf(numbers: ReadonlySet<number>): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES_MAX)
  for (const i of numbers) mask[i >> 3]! |= 1 << (i & 7)
  return mask
}

function numbersIn(mask: Uint8Array): ReadonlySet<number> {
  const numbers = Array.from({ length: mask.byteLength * 8 }, (_, i) => i)
  return new Set(numbers.filter((i) => (mask[i >> 3]! >> (i & 7)) & 1))
}
