/** The keys of an identity, as the control API shows and takes them. */
import * as v from 'valibot'
import { SECRET_BYTES } from '../../../base/crypto.ts'
import { SheafError } from '../../../base/errors.ts'
import { idFromText, idToText } from '../../../base/text-id.ts'
import type { KeyShown, KeyState, Rotated, Rotation } from '../../key-commands.ts'
import type { AskedJson } from './failure.ts'
import { type Route, untilMs } from './route.ts'
import { askedJson } from './shapes.ts'

export const KEY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/id',
    parameters: ['entity', 'timeoutMs', 'fresh'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const named = parameters.text('entity')
      const entity = named === undefined ? {} : { entity: idFromText(named.replace(/^@/, '')) }
      // Our own keys are here, unless another machine of ours took one; those of others may have changed.
      const isAsked = named !== undefined || parameters.flag('fresh')
      const until = isAsked ? { untilMs: untilMs(parameters, context) } : {}
      return keyStateJson(await context.api.run({ type: 'keys', ...entity, ...until }))
    },
  },
  {
    method: 'POST',
    path: '/v1/id/rotate',
    parameters: [],
    body: 'json',
    answer: 'json',
    handle: async ({ body, context: { api } }) => rotatedJson(await api.rotate(readRotation(body))),
  },
  {
    method: 'POST',
    path: '/v1/id/readmit',
    parameters: [],
    body: 'json',
    answer: 'json',
    handle: async ({ body, context: { api } }) =>
      keyStateJson(await api.run({ type: 'readmit', ...readReadmission(body) })),
  },
]

/** Records that a rotation may leave out by name. */
export const LEFT_OUT_MAX = 256

export interface KeyJson {
  id: string
  position: number
  timeMs: number
}

export interface KeyStateJson {
  entity: string
  device: string
  network: string
  /** Of the key record that this node signs under. */
  signsWith: string | null
  isRetired: boolean
  isFrozen: boolean
  /** Commitment to the key after the current one, and the current public key; hexadecimal. */
  next: string
  publicKey: string
  chain: KeyJson[]
  rivals: KeyJson[]
  asked: AskedJson[]
}

export interface RotatedJson {
  position: number
  isCurrent: boolean
  standsBy: number
  leftOut: number
  batches: string[]
}

export function keyStateJson(state: KeyState): KeyStateJson {
  const { signsWith, isRetired, next, publicKey, chain, rivals } = state
  return {
    entity: idToText(state.entity),
    device: idToText(state.device),
    network: state.network,
    signsWith: signsWith === undefined ? null : idToText(signsWith),
    isRetired,
    isFrozen: rivals.length > 0,
    next: hexOf(next),
    publicKey: hexOf(publicKey),
    chain: chain.map(keyJson),
    rivals: rivals.map(keyJson),
    asked: state.asked.map(askedJson),
  }
}

export function rotatedJson({ position, isCurrent, standsBy, leftOut, batches }: Rotated): RotatedJson {
  return { position, isCurrent, standsBy, leftOut, batches: batches.map(idToText) }
}

const HEX_32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const ROTATION = v.strictObject({
  secret: HEX_32,
  next: HEX_32,
  leaveOut: v.optional(v.pipe(v.array(v.string()), v.maxLength(LEFT_OUT_MAX)), []),
  isRehearsal: v.optional(v.boolean(), false),
})
const READMISSION = v.strictObject({ entity: v.string(), key: v.string() })

/** Throws BAD_ARGUMENT; what was sent is secret and is not repeated. */
export function readRotation(body: unknown): Rotation {
  const result = v.safeParse(ROTATION, body)
  if (!result.success) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `the body is not {"secret": ${2 * SECRET_BYTES} hexadecimal digits, "next": 64, "leaveOut": [ID], "isRehearsal": true or false}`,
    )
  }
  const { secret, next, leaveOut, isRehearsal } = result.output
  return {
    secret: Buffer.from(secret, 'hex'),
    next: Buffer.from(next, 'hex'),
    leaveOut: leaveOut.map(idFromText),
    isRehearsal,
  }
}

export function readReadmission(body: unknown): { entity: Uint8Array; key: Uint8Array } {
  const result = v.safeParse(READMISSION, body)
  if (!result.success) throw new SheafError('BAD_ARGUMENT', 'the body is not {"entity": ID, "key": ID}')
  return { entity: idFromText(result.output.entity), key: idFromText(result.output.key) }
}

function keyJson({ id, position, timeMs }: KeyShown): KeyJson {
  return { id: idToText(id), position, timeMs }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
