/** The machines of an entity: which it certified, which of them it revoked, what each says that it has. */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../content/device.ts'
import { OBJECTS_HAD } from '../content/objects-had.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../content/revocation.ts'
import { entityLocator } from '../content/space.ts'
import { eachOnce } from './asked.ts'
import type { Machine, Machines } from './entity-answers.ts'
import { gatherRecords } from './gathering.ts'
import { hadAmong } from './having.ts'
import type { Node } from './node.ts'
import { learnRevocations } from './revoking.ts'
import type { Task } from './task.ts'

/** In the order in which they were certified, by what the certificates claim, behind those of which that is not known. Throws REFUSED for a place that the operator denied. */
export function* machinesOf(node: Node, entity: Uint8Array, untilMs: number): Task<Machines> {
  const sought = { locator: entityLocator(entity), signer: entity, untilMs }
  const { records, asked } = yield* gatherRecords(node, { ...sought, kind: DEVICE_CERTIFICATE })
  const revoking = yield* gatherRecords(node, { ...sought, kind: DEVICE_REVOCATION })
  const having = yield* gatherRecords(node, { ...sought, kind: OBJECTS_HAD })
  yield* learnRevocations(node, entity)
  const counting = [
    ...ownCertificate(node, entity),
    ...records,
    ...revoking.records,
    ...having.records,
  ].filter(({ record }) => node.keys.judge(record).type === 'counts')
  const machines = new IdMap<Machine>()
  for (const { record } of counting.filter(({ type }) => type === 'certificate')) {
    const { device } = decode(deviceCertificate, record.body)
    const known = machines.get(device)
    if (known !== undefined && (known.sinceMs ?? 0) <= record.timeMs) continue
    machines.set(device, { device, sinceMs: record.timeMs, revokedMs: undefined, had: undefined })
  }
  for (const { record } of counting.filter(({ record }) => record.kind === DEVICE_REVOCATION)) {
    const { device } = decode(deviceRevocation, record.body)
    const sinceMs = machines.get(device)?.sinceMs
    machines.set(device, { device, sinceMs, revokedMs: record.timeMs, had: undefined })
  }
  // One that was met and has published nothing yet has its certificate nowhere but with itself.
  for (const device of node.people.devicesOf(entity)) {
    if (machines.has(device)) continue
    machines.set(device, { device, sinceMs: undefined, revokedMs: undefined, had: undefined })
  }
  for (const had of hadAmong(node, counting)) {
    const machine = machines.get(had.device)
    if (machine !== undefined && machine.revokedMs === undefined) machine.had = had
  }
  const list = [...machines.values()].sort((a, b) => (a.sinceMs ?? 0) - (b.sinceMs ?? 0))
  return { entity, machines: list, asked: eachOnce([...asked, ...revoking.asked, ...having.asked]) }
}

/** This machine's own, which nobody has and no store before something was published. */
function ownCertificate(node: Node, entity: Uint8Array): VerifiedBlock[] {
  const { author, blocks } = node.identity
  if (author === undefined || !equalBytes(author.entity, entity)) return []
  return blocks
    .filter(({ kind }) => kind === DEVICE_CERTIFICATE)
    .map(({ bytes }) => verifyBlock(bytes, node.verifyContext('stored')))
}
