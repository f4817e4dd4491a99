/** The first query of a connection: who are you. It opens the session, so that later queries only wait for themselves. */

import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { DEVICE_REVOCATION } from '../content/revocation.ts'
import { KEY_ROTATION } from '../content/rotation.ts'
import { answerOf, blame } from './fetching.ts'
import { storedRecord } from './keeping.ts'
import { ensureKeys } from './learning.ts'
import type { Connection, Node } from './node.ts'
import { heedRevocations, learnRevocations } from './revoking.ts'
import { type Outcome, run, type Task } from './task.ts'
import type { Timer } from './timers.ts'

/** A peer that has not said in this time whether it keeps pages is not waited for. */
const MEETING_MS = 2_000
/** A peer that did not say who it is, busy perhaps, is asked again. */
const MEET_AGAIN_MS = 30_000
const INTRODUCE_WITHIN_MS = 20_000
/** A key and a certificate, with room for a chain. */
const BLOCKS_MAX = 64

/** A connection that nobody wants to know more of. */
export const NOT_MEETING: Pick<Connection, 'isMeeting' | 'meet' | 'part'> = {
  isMeeting: false,
  meet: () => {},
  part: () => {},
}

/**
 * Asks a new connection who it is, after `waitMs`: what the other side came to ask goes first. `tell` hears
 * when it is no longer waited for, and each outcome.
 */
export function meetLater(
  node: Node,
  connection: Connection,
  waitMs: number,
  tell: (outcome: Outcome<void> | undefined) => void,
): void {
  const { timers, nowMs } = node.env
  let hasBegun = false
  /** There is one at a time: until it begins, until it is no longer waited for, until it is tried again. */
  let timer: Timer | undefined
  const end = (outcome?: Outcome<void>): void => {
    timer?.cancel()
    connection.isMeeting = false
    tell(outcome)
  }
  const again = (): void => {
    hasBegun = false
    connection.meet()
  }
  connection.isMeeting = true
  connection.meet = () => {
    if (hasBegun || connection.isGone) return
    hasBegun = true
    timer?.cancel()
    timer = timers.at(nowMs() + MEETING_MS, end)
    run(introduce(node, connection), (outcome) => {
      end(outcome)
      if ('error' in outcome && !connection.isGone) timer = timers.at(nowMs() + MEET_AGAIN_MS, again)
    })
  }
  // A timer would keep what is gone in memory until its time: with crowds that come and go, that is most of it.
  connection.part = () => timer?.cancel()
  if (waitMs === 0) connection.meet()
  else timer = timers.at(nowMs() + waitMs, connection.meet)
}

/**
 * From now on what entities say of their machines is heeded: what they revoke, and where one takes another key,
 * whose certificates may count no more, its machines are asked again who they are. `changed` as of `heedRevocations`.
 */
export function heedEntities(node: Node, changed: () => void): void {
  heedRevocations(node, changed)
  node.watchers.watchKind(KEY_ROTATION, ({ bytes }) => {
    const { signer } = parseBlock(bytes).record
    for (const connection of node.connections()) {
      if (connection.entity === undefined || !equalBytes(connection.entity, signer)) continue
      // Whose certificate no longer counts was forgotten; who does not answer stays who it was.
      run(introduce(node, connection), () => {})
    }
  })
}

/** Learns whose device is at the other end; a device without certificate stays anonymous. */
export function* introduce(node: Node, connection: Connection): Task<void> {
  const arrived: Uint8Array[] = []
  let isDenied = false
  yield* connection.client.ask(
    { type: 'introduce' },
    {
      items(items) {
        for (const { answer } of items) {
          if (answer.type === 'refused') {
            isDenied = true
            continue
          }
          if (answer.type !== 'found')
            throw new SheafError('WRONG_QUERY', 'an introduction that shows nothing')
          if (arrived.push(answer.bytes) > BLOCKS_MAX)
            throw new SheafError('TOO_LARGE', 'an introduction without end')
        }
      },
    },
    node.env.nowMs() + INTRODUCE_WITHIN_MS,
  )
  // What its own operator denies is not shown whole: it stays anonymous.
  let entity: Uint8Array | undefined
  const revocations: VerifiedBlock[] = []
  const rotations: VerifiedBlock[] = []
  for (const bytes of isDenied ? [] : arrived) {
    const block = yield* shown(node, connection, bytes)
    if (block.type === 'key') node.keys.add(block.key)
    if (block.type === 'certificate' && equalBytes(block.certificate.device, connection.device)) {
      entity = block.record.signer
    }
    if (block.record.kind === DEVICE_REVOCATION) revocations.push(block)
    if (block.record.kind === KEY_ROTATION) rotations.push(block)
  }
  yield* keepRotations(node, rotations)
  if (revocations.length > 0) yield* node.shelving.keep(revocations.map(storedRecord))
  if (entity !== undefined) {
    yield* learnRevocations(node, entity)
    node.people.learn(connection.device, entity)
    if (!node.people.isRevoked(connection.device, entity)) connection.entity = entity
  }
  node.emit({ type: 'introduced', device: connection.device, entity: connection.entity })
}

/** Of an entity that something is kept of: else a restart would have the old key believed again. */
function* keepRotations(node: Node, rotations: readonly VerifiedBlock[]): Task<void> {
  const [first] = rotations
  if (first === undefined) return
  const metas = yield* node.store.meta([first.record.signer, ...rotations.map(({ id }) => id)])
  const fresh = rotations.filter((_, i) => metas[i + 1] === undefined)
  if (metas[0] !== undefined && fresh.length > 0) yield* node.shelving.keep(fresh.map(storedRecord))
}

/** Verifies what a peer shows of itself. Nobody else made it wrong, and to ask again would bring the same. */
function* shown(node: Node, connection: Connection, bytes: Uint8Array): Task<VerifiedBlock> {
  try {
    const { record } = parseBlock(bytes)
    if (record.kind !== KEY_GENESIS) yield* ensureKeys(node, record.signer)
    yield* node.prove([record], node.env.nowMs() + INTRODUCE_WITHIN_MS)
    return verifyBlock(bytes, node.verifyContext())
  } catch (cause) {
    const error = asSheafError(cause)
    if (error.code === 'RETIRED_KEY') {
      connection.entity = undefined
      node.people.forget(connection.device)
    }
    if (answerOf(error) === 'bad') blame(node, connection, error, false)
    throw error
  }
}
