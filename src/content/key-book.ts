/**
 * The verified keys at hand, by the id of their key record, and what their entities stand by of
 * the keys that they retired. Bounded; what was forgotten is read or asked for again.
 */
import { codeOf, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { type EntityKey, KEY_GENESIS } from './key.ts'
import { KeyChain } from './key-chain.ts'
import { parseRecord, type SignedRecord, type VerifiedRecord } from './record.ts'
import { KEY_ROTATION } from './rotation.ts'
import { chunkFor, decodeStandsChunk, isInChunk, STANDS_CHUNK_MARK, type StandsTable } from './stood-by.ts'

/** Entities; about 500 bytes each. */
const KEYS_MAX = 10_000
/**
 * Entries in the tables of all of them; about 350 bytes each. A chain as long as may be, with the longest tables, has
 * 16,384, of which nothing says that there is anything behind them.
 */
export const ENTRIES_MAX = 65_536
/** Chunks of sets that are stood by: 8 KB each as a rule, 64 at most; as many as one query's blocks may need. */
const CHUNKS_MAX = 256

/** What of a record says whether it counts. */
export type Judged = Pick<SignedRecord, 'kind' | 'key' | 'id'>

/** Whether a record counts: `unproven` names the chunks that would tell. */
export type Verdict =
  | { type: 'counts' }
  | { type: 'retired' | 'frozen' }
  | { type: 'unproven'; entity: Uint8Array; chunks: Uint8Array[] }

export class KeyBook {
  readonly #chains = new IdMap<KeyChain>()
  #entries = 0
  /** The entity of each rotation, by the id of its record. */
  readonly #rotations = new IdMap<Uint8Array>(KEYS_MAX)
  /** Entities whose rotations were looked for in the store. */
  readonly #loaded = new IdSet([], KEYS_MAX)
  readonly #chunks = new IdMap<Uint8Array>(CHUNKS_MAX)

  /** Takes a verified key in; one that no genesis at hand founds is left. */
  add(key: EntityKey): void {
    if (key.position === 0) {
      if (!this.#chains.has(key.id)) {
        this.#chains.set(key.id, new KeyChain(ownKey(key)))
        this.#loaded.delete(key.id)
        this.#forgetBeyond(key.id)
      }
      return
    }
    if (!this.#chains.get(key.entity)?.add(ownKey(key))) return
    this.#rotations.set(key.id, key.entity)
    this.#entries += entriesOf(key)
    this.#forgetBeyond(key.entity)
  }

  get(id: Uint8Array): EntityKey | undefined {
    return this.#chains.get(id)?.genesis ?? this.#chainOfRotation(id)?.get(id)
  }

  has(id: Uint8Array): boolean {
    return this.get(id) !== undefined
  }

  /** The keys of an entity, where its genesis is at hand. */
  chain(entity: Uint8Array): KeyChain | undefined {
    return this.#chains.get(entity)
  }

  /** The chain that a key record belongs to. */
  chainOf(keyId: Uint8Array): KeyChain | undefined {
    return this.#chains.get(keyId) ?? this.#chainOfRotation(keyId)
  }

  /** Whether the key is one whose records need a closer look: it was retired, or its entity is frozen. */
  isRetired(keyId: Uint8Array): boolean {
    const chain = this.chainOf(keyId)
    return chain !== undefined && !chain.isAlone && chain.standingOf(keyId).type !== 'current'
  }

  isLoaded(entity: Uint8Array): boolean {
    return this.#loaded.has(entity) && this.#chains.has(entity)
  }

  /** Whether a key is at hand, and with it what the store has of its entity's chain. */
  isReady(keyId: Uint8Array): boolean {
    const chain = this.chainOf(keyId)
    return chain !== undefined && this.#loaded.has(chain.genesis.id)
  }

  setLoaded(entity: Uint8Array): void {
    this.#loaded.add(entity)
  }

  /** Takes in what has this hash. Where it is no chunk, whoever signed its hash stands by nothing in it. */
  addChunk(hash: Uint8Array, bytes: Uint8Array): void {
    const isChunk = codeOf(() => decodeStandsChunk(bytes)) === undefined
    this.#chunks.set(hash, isChunk ? Uint8Array.from(bytes) : EMPTY_CHUNK)
  }

  /** Whether a record counts: not under a key that is not at hand; under a current key it does, under a retired one where it is stood by. Key records speak for themselves. */
  judge({ kind, key, id }: Judged): Verdict {
    if (kind === KEY_GENESIS || kind === KEY_ROTATION) return COUNTS
    const chain = this.chainOf(key)
    // Forgotten meanwhile: whether the key was retired is not known any more.
    if (chain === undefined) return { type: 'unproven', entity: key, chunks: [] }
    if (chain.isAlone) return COUNTS
    const standing = chain.standingOf(key)
    if (standing.type === 'current') return COUNTS
    if (standing.type === 'frozen') return { type: 'frozen' }
    if (standing.type === 'rejected') return { type: 'retired' }
    const chunks: Uint8Array[] = []
    for (const { stands } of standing.by) {
      const entry = stands?.table === undefined ? undefined : chunkFor(stands.table, id)
      if (entry === undefined) return { type: 'retired' }
      const chunk = this.#chunks.get(entry.hash)
      if (chunk === undefined) chunks.push(entry.hash)
      else if (!isInChunk(chunk, id)) return { type: 'retired' }
    }
    return chunks.length === 0 ? COUNTS : { type: 'unproven', entity: chain.genesis.id, chunks }
  }

  /** Throws RETIRED_KEY for a record that does not count. */
  requireCounts(record: Judged): void {
    const verdict = this.judge(record)
    if (verdict.type !== 'counts') throw new SheafError('RETIRED_KEY', MEANING[verdict.type])
  }

  /** Forgets the oldest while there is more than fits: whole chains, for half of one would say that retired keys are current. */
  #forgetBeyond(kept: Uint8Array): void {
    while (this.#chains.size > KEYS_MAX) this.#forget(this.#chains.keys().next().value!)
    if (this.#entries <= ENTRIES_MAX) return
    for (const [entity, chain] of this.#chains) {
      if (!chain.isAlone && !equalBytes(entity, kept)) this.#forget(entity)
      if (this.#entries <= ENTRIES_MAX) return
    }
  }

  #forget(entity: Uint8Array): void {
    for (const key of this.#chains.get(entity)?.rotations ?? []) this.#entries -= entriesOf(key)
    this.#chains.delete(entity)
  }

  #chainOfRotation(id: Uint8Array): KeyChain | undefined {
    const entity = this.#rotations.get(id)
    return entity && this.#chains.get(entity)
  }
}

const EMPTY_CHUNK = Uint8Array.of(STANDS_CHUNK_MARK)
const COUNTS: Verdict = { type: 'counts' }

const MEANING = {
  retired: 'signed under a key that its entity retired, and not among what it stands by',
  frozen: 'signed under a key of an entity that is frozen: two key records stand at one position',
  unproven: 'signed under a key that its entity retired, and what it stands by is not at hand',
}

const entriesOf = ({ stands }: EntityKey): number => stands?.table?.length ?? 0

/** The key in memory of its own: a view would keep the whole message alive that it came in. */
function ownKey(key: EntityKey): EntityKey {
  const record = parseRecord(Uint8Array.from(key.record.bytes)) as VerifiedRecord
  const { position, stands } = key
  return {
    id: Uint8Array.from(key.id),
    entity: Uint8Array.from(key.entity),
    publicKey: Uint8Array.from(key.publicKey),
    position,
    next: Uint8Array.from(key.next),
    stands: stands && { ...stands, root: Uint8Array.from(stands.root), table: ownTable(stands.table) },
    record,
  }
}

function ownTable(table: StandsTable | undefined): StandsTable | undefined {
  return table?.map(({ first, ids, hash }) => {
    return { first: Uint8Array.from(first), ids, hash: Uint8Array.from(hash) }
  })
}
