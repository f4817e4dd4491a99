/**
 * A new key is told of at once: to who is connected, and to who once promised to keep what this entity signed. Until they
 * hear of it they believe the old key, and whoever stole that. Who was away hears of it by the next introduction.
 *
 *     rotate ──▶ batch for five keepers of the entity's place (outbox)
 *        └────▶ the chain, once, to the connected ──▶ to holders that are not, a few at a time
 */
import { IdMap } from '../base/id-map.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { KEY_ROTATION } from '../content/rotation.ts'
import { Batch } from './batch.ts'
import { mayOffer } from './denials.ts'
import type { Connection, Node } from './node.ts'
import { push } from './pushing.ts'
import { rootOfIds } from './shards.ts'
import { forEach, settleAll, type Task } from './task.ts'

/** Peers that are told at a time, and how long one may take. */
const TOLD_AT_ONCE = 4
const TELL_WITHIN_MS = 20_000
/** Holders that are connected to for this, and of them at a time: as many as one meeting tries. */
const HOLDERS_MAX = 64
const MET_AT_ONCE = 8
const MEET_WITHIN_MS = 10_000

/** Offers this node's chain of keys to each once, and asks for nothing; ends when all have been tried. */
export function* tellKeys(node: Node): Task<void> {
  const { env, identity, reach, store } = node
  const chain = identity.blocks.filter(({ kind }) => kind === KEY_GENESIS || kind === KEY_ROTATION)
  const entries = chain.map(({ id, locator, length }) => ({ id, locator, bytes: length, owner: undefined }))
  const offered = entries.filter((entry) => mayOffer(node, entry))
  if (offered.length === 0) return
  const batch = new Batch(rootOfIds(offered.map(({ id }) => id)), env.wallMs(), offered)
  const tried = new IdMap<true>()
  let told = 0
  function* tell(peers: readonly Connection[]): Task<void> {
    // Of one that was met just now it is not known yet whether it keeps anything.
    const fresh = peers.filter(({ device, client }) => {
      return !tried.has(device) && (client.acceptsStores || !client.isOpen)
    })
    for (const { device } of fresh) tried.set(device, true)
    yield* forEach(fresh, TOLD_AT_ONCE, function* (peer) {
      const numbers = offered.map((_, i) => i)
      const [outcome] = yield* settleAll([push(node, peer, batch, numbers, env.nowMs() + TELL_WITHIN_MS)])
      // Who wants none of it has nothing of ours, or no room; who failed hears of it when it meets us again.
      if ('value' in outcome! && outcome.value.kept.size === offered.length) told += 1
    })
  }
  yield* tell(node.connections())
  const holders = (yield* store.notes('peer')).map(({ key }) => key).filter((device) => !tried.has(device))
  for (let at = 0; at < Math.min(holders.length, HOLDERS_MAX); at += MET_AT_ONCE) {
    yield* reach.meet(holders.slice(at, at + MET_AT_ONCE), env.nowMs() + MEET_WITHIN_MS)
    yield* tell(node.connections())
  }
  node.emit({ type: 'told keys', peers: told })
}
