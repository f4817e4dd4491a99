/**
 * Taking an identity back on a machine that has nothing of it but the 24 words: a node without an
 * identity asks others for the chain of keys and for what it signed, takes the next key, and says so.
 *
 *     words, @ENTITY ──▶ chain from peers ──▶ pages from peers ──▶ next key ──▶ identity file ──▶ held
 */
import { setTimeout } from 'node:timers/promises'
import { DEVICE_SEED_BYTES, deviceKeyPair } from '../../base/crypto.ts'
import { asSheafError, SheafError } from '../../base/errors.ts'
import { entityKeyPairOf, INCARNATION_BYTES } from '../../base/keys.ts'
import type { HeldProgress, NodeApi } from '../commands.ts'
import type { KeyState, Rotated } from '../key-commands.ts'
import type { Config } from './config/options.ts'
import { type CreateOptions, searchPuzzle } from './identity/create.ts'
import { hasIdentity, saveIdentity } from './identity/identity.ts'
import { currentIncarnation } from './incarnation.ts'
import type { Paths } from './paths.ts'
import { runNode } from './run-node.ts'
import { lockHome } from './store/lock.ts'

/** Whoever was not met yet may be met by now. */
const ASK_EVERY_MS = 500
const LOOK_UP_MS = 5_000

export interface RecoverOptions extends CreateOptions {
  config: Config
  paths: Pick<Paths, 'home' | 'identity' | 'config'>
  entity: Uint8Array
  /** How long others are looked for, and how long holders are waited for. */
  waitMs: number
  /** How long a space takes at most that is fetched whole. */
  fetchMs: number
  leaveOut: Uint8Array[]
  /** The key that the words give for this chain. Throws BAD_KEY. */
  keyFor(state: KeyState): Promise<{ secret: Uint8Array; next: Uint8Array }>
  /** Hears what is about to happen; throws where it is not to. */
  confirm(plan: Rotated, pages: number): Promise<void>
}

export interface Recovered {
  entity: Uint8Array
  device: Uint8Array
  rotated: Rotated
  /** Pages of the space, and those that nobody delivered. */
  pages: number
  missing: number
  held: HeldProgress
}

/** Errors: ALREADY_EXISTS, ALREADY_RUNNING; NO_PEERS, NOT_FOUND where nobody has the chain in time; BAD_KEY; CANCELLED. */
export async function recoverHome(options: RecoverOptions): Promise<Recovered> {
  const { config, paths, network, crypto, random, entity } = options
  if (hasIdentity(paths.identity)) {
    throw new SheafError('ALREADY_EXISTS', `there is an identity at ${paths.identity}`, {
      hint: 'recover into a home of its own: add --home DIR',
    })
  }
  const deviceSeed = random(DEVICE_SEED_BYTES)
  const device = deviceKeyPair(deviceSeed)
  const puzzle = await searchPuzzle(device.publicKey, options)
  const lock = lockHome(paths.home)
  try {
    const { bytes: incarnation } = currentIncarnation(lock, random(INCARNATION_BYTES), random)
    const node = await runNode({
      home: paths.home,
      lock,
      network,
      crypto,
      identity: { author: undefined, blocks: [], device, incarnation },
      swarm: {
        bootstrap: config.bootstrap,
        host: config.host,
        port: config.port,
        firewalled: config.firewalled !== false,
        connectionsMax: config.connectionsMax,
      },
      depth: config.depth,
      quotaBytes: config.quotaMb * 2 ** 20,
      acceptsStores: true,
      rehearses: false,
    })
    try {
      const { api } = node
      const state = await chainFrom(api, options)
      const { secret, next } = await options.keyFor(state)
      const { publicKey } = entityKeyPairOf(crypto, secret)
      const { pages, missing } = await pagesFrom(api, options)
      const sign = (digest: Uint8Array): Uint8Array => crypto.sign(digest, secret)
      const command = { type: 'rotate' as const, entity, puzzle, key: { publicKey, sign, next } }
      const { leaveOut } = options
      await options.confirm(await api.run({ ...command, leaveOut, isRehearsal: true }), pages)
      const rotated = await api.run({ ...command, leaveOut, isRehearsal: false })
      saveIdentity(paths.identity, {
        network: network.name,
        entitySecret: secret,
        deviceSeed,
        incarnation,
        genesis: rotated.genesis,
        rotations: rotated.chain,
        certificate: rotated.certificate!,
      })
      const held = await api.run({ type: 'held', batches: rotated.batches, patienceMs: options.waitMs })
      return { entity, device: device.publicKey, rotated, pages, missing, held }
    } finally {
      await node.close()
    }
  } finally {
    lock.release()
  }
}

/** The keys of the entity as others tell them, once somebody is there who does. */
async function chainFrom(api: NodeApi, { entity, waitMs, signal }: RecoverOptions): Promise<KeyState> {
  for (const giveUpMs = Date.now() + waitMs; ; ) {
    if (signal?.aborted) throw new SheafError('CANCELLED', 'nothing was recovered')
    try {
      return await api.run({ type: 'keys', entity, untilMs: Date.now() + LOOK_UP_MS })
    } catch (error) {
      if (asSheafError(error).code !== 'NOT_FOUND' || Date.now() > giveUpMs) throw error
    }
    await setTimeout(ASK_EVERY_MS)
  }
}

/** Gets every page of the space onto our shelf; a space without a list has none. */
async function pagesFrom(
  api: NodeApi,
  { entity, fetchMs }: RecoverOptions,
): Promise<{ pages: number; missing: number }> {
  const space = { type: 'entity' as const, id: entity }
  try {
    const { pages, missing } = await api.run(
      { type: 'export', space, untilMs: Date.now() + fetchMs },
      () => {},
    )
    return { pages, missing: missing.length }
  } catch (error) {
    if (!NO_LIST.has(asSheafError(error).code)) throw error
    return { pages: 0, missing: 0 }
  }
}

const NO_LIST: ReadonlySet<string> = new Set(['NOT_FOUND', 'UNREACHABLE', 'NO_PEERS'])
