/**
 * Taking an identity back on a machine that has nothing of it but the 24 words: a node without an
 * identity asks others for the chain of keys and for what it signed, takes the next key, and says so.
 *
 *     words, @ENTITY ──▶ chain from peers ──▶ pages from peers ──▶ next key ──▶ identity file ──▶ held
 */
import { DEVICE_SEED_BYTES, deviceKeyPair } from '../../base/crypto.ts'
import { asSheafError, SheafError } from '../../base/errors.ts'
import { entityKeyPairOf, INCARNATION_BYTES } from '../../base/keys.ts'
import { tellersAmong } from '../asked.ts'
import type { HeldProgress, NodeApi } from '../commands.ts'
import type { KeyState, Rotated } from '../key-commands.ts'
import type { Config } from './config/options.ts'
import { type CreateOptions, searchPuzzle } from './identity/create.ts'
import { hasIdentity, saveIdentity } from './identity/identity.ts'
import { currentIncarnation } from './incarnation.ts'
import type { Paths } from './paths.ts'
import { runNode } from './run-node.ts'
import { lockHome } from './store/lock.ts'

/**
 * Where nobody told the end of a chain, the key that is taken stands beside one that is there, which freezes the
 * identity. So nobody is believed alone while others may still come.
 */
const TELLERS = 3

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
  confirm(plan: Rotated, found: Found): Promise<void>
}

export interface Found {
  /** Pages of the space. */
  pages: number
  /** Peers that told something of the keys, of those that were asked. */
  told: number
  asked: number
}

export interface Recovered extends Found {
  entity: Uint8Array
  device: Uint8Array
  rotated: Rotated
  /** Pages that nobody delivered. */
  missing: number
  held: HeldProgress
}

/** Errors: ALREADY_EXISTS, ALREADY_RUNNING; NO_PEERS, NOT_FOUND where nobody has the chain in time; BAD_KEY; CANCELLED. */
export async function recoverHome(options: RecoverOptions): Promise<Recovered> {
  const { config, paths, network, crypto, random, entity, signal } = options
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
      saysHad: false,
    })
    try {
      const { api } = node
      const untilMs = Date.now() + options.waitMs
      const state = await api.run({ type: 'keys', entity, untilMs, tellers: TELLERS }, undefined, signal)
      const { secret, next } = await options.keyFor(state)
      const { publicKey } = entityKeyPairOf(crypto, secret)
      const { pages, missing } = await pagesFrom(api, options)
      const found = { pages, told: tellersAmong(state.asked), asked: state.asked.length }
      const sign = (digest: Uint8Array): Uint8Array => crypto.sign(digest, secret)
      const command = { type: 'rotate' as const, entity, puzzle, key: { publicKey, sign, next } }
      const { leaveOut } = options
      await options.confirm(await api.run({ ...command, leaveOut, isRehearsal: true }), found)
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
      return { entity, device: device.publicKey, rotated, ...found, missing, held }
    } finally {
      await node.close()
    }
  } finally {
    lock.release()
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
