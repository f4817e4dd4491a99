/**
 * Keeps the search engine where the store is. Nothing is indexed before somebody searches; from then on what is
 * written is noted, and looked at again before the next search. An engine that rested begins anew.
 */
import { IdMap, IdSet, idKey } from '../../base/id-map.ts'
import { parseBlock, peekKey, type VerifiedVersion } from '../../content/block.ts'
import { decodeTable } from '../../content/piece.ts'
import { KEY_ROTATION } from '../../content/rotation.ts'
import { decodeVersion, VERSION } from '../../content/version.ts'
import { localBundle } from '../bundles.ts'
import type { Effect } from '../effects.ts'
import { ensureKeys } from '../learning.ts'
import type { Node } from '../node.ts'
import { proveHere } from '../proving.ts'
import type { ServiceOptions } from '../service-options.ts'
import { prefixOf } from '../shards.ts'
import type { PlacedRecord } from '../store-tasks.ts'
import { begin, run, suspend, type Task } from '../task.ts'
import { PIECES_MAX, type Put, printOf, type SearchAnswers, type SearchCall, SearchEngine } from './engine.ts'
import type { Finder } from './finder.ts'

/** Places that are read and put at once. */
const PUT_AT_ONCE = 64
/** Blocks of a part of the store that is compared at once: their places and ids are in memory. */
const PART_BLOCKS = 8_192
const PART_DEPTH_MAX = 12
/** Places that were written to since the last search; with more of them all are compared. */
const NOTED_MAX = 4_096
/** People who took another key since the last search; with more of them all is put anew. */
const ROTATED_MAX = 1_024
/** Records at one place that are asked which of them is shown. */
const AT_PLACE_MAX = 4_096

/** Makes a call on the engine; `life` is another one when the engine began anew. */
export type CallEngine = <T extends SearchCall['type']>(
  call: Extract<SearchCall, { type: T }>,
) => Task<{ life: number; answer: SearchAnswers[T] }>

/** The engine that a service was told of: one behind effects, or in this thread, made when it is first asked. */
export function engineFor(
  { isSearchElsewhere }: Pick<ServiceOptions, 'isSearchElsewhere'>,
  callOut: (make: (token: number) => Effect) => Task<unknown>,
): CallEngine {
  if (isSearchElsewhere === true) {
    return function* (call) {
      return (yield* callOut((token) => ({ type: 'search', token, call }))) as never
    }
  }
  let engine: SearchEngine | undefined
  return (call) => {
    engine ??= new SearchEngine()
    const answer = engine.answer(call)
    return suspend((resume) => resume({ value: { life: 1, answer } }))
  }
}

export class Catalog implements Finder {
  readonly #nodeOf: () => Node
  readonly #engine: CallEngine
  readonly #noted = new IdMap<true>()
  /** Whose keys changed: what they signed may not count any more. */
  readonly #rotated = new IdSet([], ROTATED_MAX + 1)
  #isWhole = false
  #life = -1
  #isListening = false
  #bringing: (() => Task<void>) | undefined

  /** The node is asked for when it is there: the catalog is a part of it. */
  constructor(nodeOf: () => Node, engine: CallEngine) {
    this.#nodeOf = nodeOf
    this.#engine = engine
  }

  /** Brings the engine to where the store is, as far as it gets until then; whether all is in it. */
  *bring(untilMs: number): Task<boolean> {
    if (this.#bringing === undefined) {
      let hasEnded = false
      const wait = begin(this.#bring())
      run(wait(), () => {
        hasEnded = true
        this.#bringing = undefined
      })
      if (!hasEnded) this.#bringing = wait
      else yield* wait()
    }
    if (this.#bringing !== undefined) yield* this.#waitFor(this.#bringing, untilMs)
    return this.#isWhole && this.#noted.size === 0 && this.#rotated.size === 0
  }

  get #node(): Node {
    return this.#nodeOf()
  }

  *ask<T extends SearchCall['type']>(call: Extract<SearchCall, { type: T }>): Task<SearchAnswers[T]> {
    return (yield* this.#engine(call)).answer
  }

  *#waitFor(wait: () => Task<void>, untilMs: number): Task<void> {
    yield* suspend<void>((resume) => {
      let isOver = false
      const end = (outcome: { value: undefined } | { error: unknown }): void => {
        if (isOver) return
        isOver = true
        timer.cancel()
        resume(outcome)
      }
      const timer = this.#node.env.timers.at(untilMs, () => end({ value: undefined }))
      run(wait(), (outcome) => end('error' in outcome ? outcome : { value: undefined }))
    })
  }

  *#bring(): Task<void> {
    const { life } = yield* this.#engine({ type: 'size' })
    if (life !== this.#life) {
      this.#life = life
      this.#isWhole = false
    }
    if (!this.#isListening) {
      this.#isListening = true
      this.#node.watchers.watchAll((locator) => this.#note(locator))
      this.#node.watchers.watchKind(KEY_ROTATION, ({ bytes }) => {
        this.#rotated.add(parseBlock(bytes).record.signer)
      })
    }
    if (!this.#isWhole) {
      this.#noted.clear()
      const { blocks } = yield* this.#node.store.usage()
      const depth = Math.min(PART_DEPTH_MAX, Math.max(0, Math.ceil(Math.log2(blocks / PART_BLOCKS))))
      for (let part = 0; part < 2 ** depth; part++) yield* this.#bringPart(pointOf(part, depth), depth)
      this.#isWhole = true
    }
    while (this.#noted.size > 0) {
      const locators = [...this.#noted.keys()].slice(0, PUT_AT_ONCE)
      for (const locator of locators) this.#noted.delete(locator)
      yield* this.#putAt(locators)
    }
    while (this.#rotated.size > 0) {
      const signers = this.#rotated.size > ROTATED_MAX ? 'all' : [...this.#rotated]
      this.#rotated.clear()
      const keys = yield* this.ask({ type: 'signedBy', signers })
      for (let at = 0; at < keys.length; at += PUT_AT_ONCE)
        yield* this.#putAt(keys.slice(at, at + PUT_AT_ONCE).map((key) => Buffer.from(key, 'latin1')))
    }
  }

  *#putAt(locators: readonly Uint8Array[]): Task<void> {
    const found: Found[] = []
    for (const locator of locators) {
      const metas = yield* this.#node.store.at(locator, AT_PLACE_MAX)
      found.push(...placesOf(metas.filter(({ kind }) => kind !== 0)))
    }
    yield* this.#put(found)
  }

  #note(locator: Uint8Array): void {
    if (!this.#isWhole) {
      // it may lie in a part that was compared already
      if (this.#bringing === undefined) return
    }
    this.#noted.set(locator, true)
    if (this.#noted.size <= NOTED_MAX || this.#bringing !== undefined) return
    this.#noted.clear()
    this.#isWhole = false
  }

  *#bringPart(prefix: Uint8Array, depth: number): Task<void> {
    const found = placesOf(yield* this.#node.store.placesWithin(prefixOf(prefix, depth), depth))
    const places = found.map(({ key, print }) => ({ key, print }))
    const stale = new Set(yield* this.ask({ type: 'compare', prefix, depth, places }))
    const wanted = found.filter(({ key }) => stale.has(key))
    for (let at = 0; at < wanted.length; at += PUT_AT_ONCE)
      yield* this.#put(wanted.slice(at, at + PUT_AT_ONCE))
  }

  /** Where there is one version, it is shown, whatever the rules, as long as it may count; else they are asked. */
  *#put(places: readonly Found[]): Task<void> {
    if (places.length === 0) return
    const single = places.flatMap(({ versions }) => (versions.length === 1 ? [versions[0]!] : []))
    const blocks = yield* this.#node.store.get(single)
    const heads = new Map(single.map((id, i) => [idKey(id), blocks[i]]))
    const puts: Put[] = []
    for (const { key, print, locator, versions } of places) {
      const id = versions[0]!
      const head =
        versions.length === 1
          ? yield* unlessRetired(this.#node, id, heads.get(idKey(id)))
          : (yield* resolvedAt(this.#node, locator))?.bytes
      puts.push({ key, print, blocks: head === undefined ? [] : yield* withPieces(this.#node, head) })
    }
    yield* this.ask({ type: 'put', places: puts })
  }
}

/** The block, but for one that was signed under a retired key and is not stood by; what cannot be proven yet is found, and shown once it can. */
function* unlessRetired(
  node: Node,
  id: Uint8Array,
  block: Uint8Array | undefined,
): Task<Uint8Array | undefined> {
  if (block === undefined) return undefined
  const named = peekKey(block)
  yield* ensureKeys(node, named.signer)
  if (!node.keys.isRetired(named.key)) return block
  const judged = { ...named, id }
  yield* proveHere(node, [judged])
  const { type } = node.keys.judge(judged)
  return type === 'counts' || type === 'unproven' ? block : undefined
}

/** The head of the page at a place, of what is here and not denied; undefined where there is none. */
export function* resolvedAt(node: Node, locator: Uint8Array): Task<VerifiedVersion | undefined> {
  const versions = (yield* localBundle(node, locator)).filter((block) => block.type === 'version')
  const first = versions[0]
  if (first === undefined) return undefined
  const { space, path } = first.version
  return node.heads.resolveVersion({ space, path }, versions)?.version
}

/** A version's block with the pieces that are indexed, as far as they are here; in memory of their own. */
export function* withPieces(node: Node, block: Uint8Array): Task<Uint8Array[]> {
  const pieces = yield* node.store.get(pieceIdsOf(block).slice(0, PIECES_MAX))
  const missing = pieces.indexOf(undefined)
  const there = (missing < 0 ? pieces : pieces.slice(0, missing)) as Uint8Array[]
  return [block, ...there].map((bytes) => Uint8Array.from(bytes))
}

function pieceIdsOf(block: Uint8Array): Uint8Array[] {
  const { record, attachment } = parseBlock(block)
  if (record.kind !== VERSION) return []
  const { content } = decodeVersion(record)
  return content.type === 'text' && content.pieces > 1 ? decodeTable(attachment).map(({ hash }) => hash) : []
}

interface Found {
  key: string
  print: string
  locator: Uint8Array
  versions: Uint8Array[]
}

/** The places at which versions lie. */
function placesOf(metas: readonly PlacedRecord[]): Found[] {
  const places = new Map<string, { locator: Uint8Array; ids: Uint8Array[]; versions: Uint8Array[] }>()
  for (const { id, locator, kind } of metas) {
    const key = idKey(locator)
    const place = places.get(key) ?? { locator, ids: [], versions: [] }
    places.set(key, place)
    place.ids.push(id)
    if (kind === VERSION) place.versions.push(id)
  }
  return [...places].flatMap(([key, { locator, ids, versions }]) =>
    versions.length === 0 ? [] : [{ key, print: printOf(ids), locator, versions }],
  )
}

/** A point in part `part` of the 2^depth of the keyspace. */
function pointOf(part: number, depth: number): Uint8Array {
  const point = Buffer.alloc(32)
  if (depth > 0) point.writeUInt32BE(part * 2 ** (32 - depth))
  return point
}
