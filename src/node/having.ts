/**
 * What the machines of an entity have: each publishes it at the entity's locator, where whoever follows the
 * entity hears of it.
 *
 *     walk of the index ──▶ count, bytes, root ──▶ same as said last? ──▶ declared
 */
import { decode, encode } from '../base/codec.ts'
import { codeOf } from '../base/errors.ts'
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import type { VerifiedBlock } from '../content/block.ts'
import { checkBody } from '../content/kinds.ts'
import { OBJECTS_HAD, type ObjectsHad, objectsHad } from '../content/objects-had.ts'
import { entityLocator } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import { declare } from './declaring.ts'
import { servedAmong } from './denials.ts'
import type { Had, SaidHad } from './entity-answers.ts'
import type { Node } from './node.ts'
import { type Outline, outlinesAt } from './outlines.ts'
import { rootOfIds } from './shards.ts'
import { run, type Task } from './task.ts'
import { authorOf, type Writer } from './writing.ts'

/** A node that was just started has other things to do, and one that is soon stopped says nothing by itself. */
const FIRST_AFTER_MS = 10 * 60_000
/** How often it is looked up when this was said last. */
const LOOK_EVERY_MS = 3600_000

const EVERYTHING = new Uint8Array(0)

/**
 * Publishes what this machine has, in the place of what it said before, unless that is still so. Of the index
 * about 150 bytes of each object are held meanwhile; blocks are only read where something is denied. Throws what `declare` throws.
 */
export function* sayHad(node: Node, writer: Writer): Task<SaidHad> {
  const { entity } = authorOf(node)
  const said = yield* hadHere(node)
  const { count, bytes } = said
  let known: Uint8Array[] = []
  const { ids, batches } = yield* declare(node, writer, function* () {
    const own = yield* ownTips(node, entity)
    const isSaid = own.length === 1 && isSame(decode(objectsHad, own[0]!.body), said)
    known = isSaid ? own.map(({ id }) => id) : []
    const replaces = own.slice(0, PARENTS_MAX).map(({ id }) => id)
    return isSaid ? [] : [{ kind: OBJECTS_HAD, body: encode(objectsHad, { ...said, replaces }) }]
  })
  return { ids: [...ids, ...known], batches, count, bytes, isNew: known.length === 0 }
}

/** From now on it is said when it changed, and at most once in `everyMs`, also over restarts. A node without an identity says nothing. */
export function sayHadDaily(node: Node, writer: Writer, everyMs: number): void {
  const { timers, nowMs } = node.env
  if (node.identity.author === undefined) return
  const look = (): void => {
    run(sayIfDue(node, writer, everyMs), (outcome) => {
      if ('error' in outcome)
        node.emit({ type: 'failed', what: 'objects had', message: String(outcome.error) })
    })
    timers.at(nowMs() + LOOK_EVERY_MS, look)
  }
  timers.at(nowMs() + FIRST_AFTER_MS, look)
}

/** What devices said of themselves, of each the newest that nothing replaces. */
export function hadAmong(node: Node, blocks: readonly VerifiedBlock[]): (Had & { device: Uint8Array })[] {
  const records = blocks.map(({ record }) => record).filter(({ kind }) => kind === OBJECTS_HAD)
  const latest = new IdMap<Had & { device: Uint8Array }>()
  const tips = [...tipsOf(records)].sort((a, b) => b.timeMs - a.timeMs || compareBytes(a.id, b.id))
  for (const { id, timeMs, body } of tips) {
    const { replaces: _, ...said } = decode(objectsHad, body)
    if (latest.has(said.device)) continue
    latest.set(said.device, { id, timeMs, ...said, isStale: isStale(node, said, timeMs) })
  }
  return [...latest.values()]
}

function* hadHere(node: Node): Task<Omit<ObjectsHad, 'replaces'>> {
  const { store, env } = node
  const sizes = (yield* store.sizesWithin(EVERYTHING, 0)).filter(({ kind }) => kind !== OBJECTS_HAD)
  const served = yield* servedAmong(node, sizes, ({ id }) => id)
  return {
    device: env.device.publicKey,
    incarnation: env.incarnation,
    count: served.length,
    bytes: served.reduce((sum, { length }) => sum + length, 0),
    root: rootOfIds(served.map(({ id }) => id)),
  }
}

/** What this machine said of itself and has not replaced. */
function* ownTips(node: Node, entity: Uint8Array): Task<Outline[]> {
  const there = yield* outlinesAt(node, entityLocator(entity), OBJECTS_HAD)
  const { publicKey } = node.env.device
  const own = there.filter(
    (one) =>
      equalBytes(one.signer, entity) &&
      codeOf(() => checkBody(one)) === undefined &&
      equalBytes(decode(objectsHad, one.body).device, publicKey),
  )
  return tipsOf(own)
}

function* sayIfDue(node: Node, writer: Writer, everyMs: number): Task<void> {
  const { author } = node.identity
  if (author === undefined || node.keys.isRetired(author.key)) return
  const wallMs = node.env.wallMs()
  const own = yield* ownTips(node, author.entity)
  // One from the future is of a clock that was set back since: it holds nothing up.
  if (own.some(({ timeMs }) => timeMs <= wallMs && wallMs - timeMs < everyMs)) return
  yield* sayHad(node, writer)
}

function isSame(said: ObjectsHad, now: Omit<ObjectsHad, 'replaces'>): boolean {
  return (
    equalBytes(said.root, now.root) &&
    equalBytes(said.incarnation, now.incarnation) &&
    said.count === now.count &&
    said.bytes === now.bytes
  )
}

/** Whether the machine has begun another life since: we are it, or it claimed so to us. */
function isStale(
  { env, reach }: Node,
  { device, incarnation }: Pick<ObjectsHad, 'device' | 'incarnation'>,
  timeMs: number,
): boolean {
  if (equalBytes(device, env.device.publicKey)) return !equalBytes(incarnation, env.incarnation)
  const life = reach.lifeOf(device)
  return life !== undefined && life.saidMs > timeMs && !equalBytes(life.incarnation, incarnation)
}
