/**
 * The keys of an entity, gathered from several who keep them. Who tells only the beginning of a chain, not having heard
 * of the rest or to do harm, says nothing that shows as wrong; one who tells all of it sets that right. A chain is put
 * together of all that is told: of two lengths the longer stands, of two that contradict each other both.
 */
import { entityLocator } from '../content/space.ts'
import { eachOnce, tellersAmong } from './asked.ts'
import { gatherBundle } from './bundles.ts'
import type { Asked } from './fetching.ts'
import type { Node } from './node.ts'
import { suspend, type Task } from './task.ts'

/** Keepers that are asked at a time. */
const KEEPERS_ASKED = 8
/** Whoever was not met yet may be met by then. */
const ASK_AGAIN_MS = 500
/** One look may take so long, where there is time for several. */
const LOOK_WITHIN_MS = 5_000
/** So long others are waited for once somebody has told: a network may have no more. */
const OTHERS_WITHIN_MS = 10_000

export interface GatherKeys {
  untilMs: number
  /** Asks on until so many have told something of the keys, or no more came in a while. Once where absent. */
  tellers?: number | undefined
}

/** Who was asked; what they told is in the key book. Throws what `gatherBundle` throws. */
export function* gatherKeys(node: Node, entity: Uint8Array, { untilMs, tellers }: GatherKeys): Task<Asked[]> {
  const { nowMs } = node.env
  let all: Asked[] = []
  let endMs = untilMs
  for (;;) {
    const lookUntilMs = tellers === undefined ? untilMs : Math.min(untilMs, nowMs() + LOOK_WITHIN_MS)
    const { asked } = yield* gatherBundle(node, entityLocator(entity), lookUntilMs, undefined, KEEPERS_ASKED)
    all = eachOnce([...all, ...asked])
    const told = tellersAmong(all)
    if (told > 0) endMs = Math.min(endMs, nowMs() + OTHERS_WITHIN_MS)
    if (tellers === undefined || told >= tellers || nowMs() + ASK_AGAIN_MS >= endMs) return all
    yield* pause(node, ASK_AGAIN_MS)
  }
}

function* pause({ env }: Node, ms: number): Task<void> {
  yield* suspend<void>((resume) => {
    env.timers.at(env.nowMs() + ms, () => resume({ value: undefined }))
  })
}
