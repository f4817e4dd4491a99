/** Routes about entities: what one calls itself, and its machines. */
import * as v from 'valibot'
import { encode } from '../../../base/codec.ts'
import { SheafError } from '../../../base/errors.ts'
import { idFromText, idToText } from '../../../base/text-id.ts'
import { AVATAR_BYTES_MAX, mediaOf, type Profile } from '../../../content/profile.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../../../content/revocation.ts'
import type { Space } from '../../../content/space.ts'
import type { Answers } from '../../commands.ts'
import type { Had, Machines, ShownProfile } from '../../entity-answers.ts'
import { readSpace } from './asking.ts'
import type { Route, RouteRequest } from './route.ts'
import { heldJson } from './shapes.ts'

export type ProfileJson = ReturnType<typeof profileJson>
export type MachinesJson = ReturnType<typeof machinesJson>
export type HadJson = ReturnType<typeof hadJson>
/** What this machine has, as it was published now or before. */
export interface SaidHadJson extends DeclaredJson {
  count: number
  bytes: number
  isNew: boolean
}
/** What every declaration answers with. */
export interface DeclaredJson {
  id: string
  held: Omit<ReturnType<typeof heldJson>, 'type'>
}

const PATIENCE_MS_MAX = 60_000
const TIMEOUT_MS_MAX = 60_000
/** Base64 is a third longer. */
const AVATAR_LETTERS_MAX = Math.ceil(AVATAR_BYTES_MAX / 3) * 4

const SAID = v.strictObject({
  name: v.string(),
  about: v.optional(v.string(), ''),
  /** Base64 of an image, or null. */
  avatar: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(AVATAR_LETTERS_MAX), v.base64())), null),
})
const REVOKED = v.strictObject({ device: v.string() })

export const ENTITY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/profile',
    parameters: ['entity', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle(request) {
      const { id: entity } = await readEntity(request)
      return profileJson(
        await request.context.api.run({ type: 'profile', entity, untilMs: untilMs(request) }),
      )
    },
  },
  {
    method: 'POST',
    path: '/v1/profile',
    parameters: ['patienceMs'],
    body: 'json',
    answer: 'json',
    async handle(request) {
      const result = v.safeParse(SAID, request.body)
      if (!result.success) {
        throw new SheafError(
          'BAD_ARGUMENT',
          'the body is not {"name": TEXT, "about": TEXT, "avatar": BASE64}',
        )
      }
      const { name, about, avatar } = result.output
      const image: Profile['avatar'] =
        avatar === null ? { type: 'none' } : { type: 'image', bytes: Buffer.from(avatar, 'base64') }
      return declared(
        request,
        await request.context.api.run({ type: 'describe', profile: { name, about, avatar: image } }),
      )
    },
  },
  {
    method: 'GET',
    path: '/v1/devices',
    parameters: ['entity', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle(request) {
      const { api } = request.context
      const { id: entity } = await readEntity(request)
      const { device } = await api.run({ type: 'status' })
      return machinesJson(await api.run({ type: 'machines', entity, untilMs: untilMs(request) }), device)
    },
  },
  {
    method: 'POST',
    path: '/v1/devices/revoke',
    parameters: ['patienceMs'],
    body: 'json',
    answer: 'json',
    async handle(request) {
      const result = v.safeParse(REVOKED, request.body)
      if (!result.success) throw new SheafError('BAD_ARGUMENT', 'the body is not {"device": ID}')
      const device = idFromText(result.output.device)
      const body = encode(deviceRevocation, { device })
      const { api } = request.context
      return declared(
        request,
        await api.run({ type: 'declare', records: [{ kind: DEVICE_REVOCATION, body }] }),
      )
    },
  },
  {
    method: 'POST',
    path: '/v1/had',
    parameters: ['patienceMs'],
    body: 'none',
    answer: 'json',
    async handle(request): Promise<SaidHadJson> {
      const said = await request.context.api.run({ type: 'sayHad' })
      const { count, bytes, isNew } = said
      return { ...(await declared(request, said)), count, bytes, isNew }
    },
  },
]

/** The parameter `entity`, or this node's own. */
async function readEntity({ parameters, context: { own } }: RouteRequest): Promise<Space> {
  const space = await readSpace(parameters.text('entity') ?? '@me', own)
  if (space.type === 'entity') return space
  throw new SheafError('BAD_ARGUMENT', 'a group is no entity')
}

export function untilMs({ parameters, context: { nowMs, times } }: RouteRequest): number {
  return nowMs() + (parameters.whole('timeoutMs', 1, TIMEOUT_MS_MAX) ?? times.getTimeoutMs)
}

/** It is stored; waits until others hold it, or that goes no further. */
export async function declared(
  { parameters, context: { api, times } }: RouteRequest,
  { ids, batches }: Answers['declare'],
): Promise<DeclaredJson> {
  const patienceMs = parameters.whole('patienceMs', 0, PATIENCE_MS_MAX) ?? times.publishPatienceMs
  const { type: _, ...held } = heldJson(await api.run({ type: 'held', batches, patienceMs }))
  return { id: idToText(ids[0]!), held }
}

function profileJson({
  id,
  entity,
  timeMs,
  profile: { name, about, avatar },
  otherTips,
  asked,
}: ShownProfile) {
  return {
    entity: idToText(entity),
    id: idToText(id),
    timeMs,
    name,
    about,
    avatar:
      avatar.type === 'image'
        ? { media: mediaOf(avatar.bytes), base64: Buffer.from(avatar.bytes).toString('base64') }
        : null,
    avatarFile: avatar.type === 'file' ? idToText(avatar.version) : null,
    otherTips: otherTips.map(idToText),
    asked: asked.map(({ device, answer }) => ({ device: idToText(device), answer })),
  }
}

function machinesJson({ entity, machines, asked }: Machines, own: Uint8Array) {
  return {
    entity: idToText(entity),
    devices: machines.map(({ device, sinceMs, revokedMs, had }) => ({
      device: idToText(device),
      sinceMs: sinceMs ?? null,
      revokedMs: revokedMs ?? null,
      isThis: Buffer.compare(device, own) === 0,
      had: had === undefined ? null : hadJson(had),
    })),
    asked: asked.map(({ device, answer }) => ({ device: idToText(device), answer })),
  }
}

function hadJson({ id, timeMs, count, bytes, root, incarnation, isStale }: Had) {
  return {
    ...{ id: idToText(id), timeMs, count, bytes, isStale },
    root: Buffer.from(root).toString('hex'),
    incarnation: Buffer.from(incarnation).toString('hex'),
  }
}
