/** Profiles: what entities say of themselves, and what this node's own says. */
import { decode, encode } from '../base/codec.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { PROFILE, type Profile, profile } from '../content/profile.ts'
import { entityLocator } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import type { Answers } from './commands.ts'
import { declare } from './declaring.ts'
import type { ShownProfile } from './entity-answers.ts'
import { gatherRecords } from './gathering.ts'
import type { Node } from './node.ts'
import { outlinesAt } from './outlines.ts'
import { failure } from './pieces.ts'
import type { Task } from './task.ts'
import { authorOf, type Writer } from './writing.ts'

/** The profile of an entity: of several tips the one with the smallest id. Throws NOT_FOUND and what a look-up throws where there is none that counts. */
export function* profileOf(node: Node, entity: Uint8Array, untilMs: number): Task<ShownProfile> {
  const sought = { locator: entityLocator(entity), kind: PROFILE, signer: entity, untilMs }
  const { records, asked } = yield* gatherRecords(node, sought)
  const counting = records.map(({ record }) => record).filter((one) => node.keys.judge(one).type === 'counts')
  const [first, ...others] = tipsOf(counting)
  if (first === undefined) throw failure(asked, 'no profile of this entity')
  return {
    id: first.id,
    entity,
    timeMs: first.timeMs,
    profile: decode(profile, first.body),
    otherTips: others.map(({ id }) => id),
    asked,
  }
}

/** Puts a profile in the place of all that this node's entity said of itself, as far as it is here. Throws what `declare` throws. */
export function* setProfile(
  node: Node,
  writer: Writer,
  said: Omit<Profile, 'replaces'>,
): Task<Answers['declare']> {
  const { entity } = authorOf(node)
  return yield* declare(node, writer, function* () {
    const there = yield* outlinesAt(node, entityLocator(entity), PROFILE)
    const own = tipsOf(there.filter(({ signer }) => Buffer.compare(signer, entity) === 0))
    const replaces = own.slice(0, PARENTS_MAX).map(({ id }) => id)
    return [{ kind: PROFILE, body: encode(profile, { ...said, replaces }) }]
  })
}
