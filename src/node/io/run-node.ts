/** A node on this machine: store, swarm and service joined by a reactor. The daemon adds identity file and control socket. */
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Crypto, DeviceKeyPair } from '../../base/crypto.ts'
import { deviceSign, deviceVerify, VerifiedSignatures } from '../../base/crypto.ts'
import { asSheafError, SheafError } from '../../base/errors.ts'
import { IdSet } from '../../base/id-map.ts'
import { entityKeyPairOf } from '../../base/keys.ts'
import type { Network } from '../../base/network.ts'
import { describeBlock } from '../../content/block.ts'
import type { TrustOf } from '../../content/heads.ts'
import { FirstStanding } from '../../ranking/standing.ts'
import type { Answers, Command, NodeApi } from '../commands.ts'
import type { Rotated } from '../key-commands.ts'
import type { Identity } from '../node.ts'
import { quotaPolicy } from '../retention.ts'
import { changedRules, type Rule } from '../rules.ts'
import { Service } from '../service.ts'
import { logicalBytes, type Store } from '../store.ts'
import { writeBackup } from './backup/backup.ts'
import { startChecker } from './checker.ts'
import { steadyClock } from './clock.ts'
import { EventLog, type LoggedEvent } from './event-log.ts'
import type { IdentitySecrets } from './identity/identity.ts'
import { readNames } from './names-file.ts'
import { passingStore } from './passing-store.ts'
import { Reactor } from './reactor.ts'
import { rehearse } from './rehearsal.ts'
import { startResting } from './rest.ts'
import { startSearcher } from './searcher.ts'
import { openStore, type StoreOptions } from './store/level-store.ts'
import type { HomeLock } from './store/lock.ts'
import { openSwarm, type SwarmOptions } from './swarm.ts'

/** Longer than a visitor's first question takes, shorter than anybody notices. */
const INTRODUCE_AFTER_MS = 300
/** Whoever started the node may be about to ask it something. */
const REHEARSE_AFTER_MS = 1_000
/** Keepers keep what was said before, too: so rarely. */
const HAD_EVERY_MS = 24 * 3600_000
const REFUSED_MAX = 4_096

export interface NodeOptions {
  home: string
  /** Of this home, where the caller has it already. */
  lock?: HomeLock
  network: Network
  crypto: Crypto
  /** An identity without author and blocks reads and does not publish. */
  identity: Identity & { device: DeviceKeyPair; incarnation: Uint8Array }
  swarm: Omit<SwarmOptions, 'keyPair'>
  depth: number
  quotaBytes: number
  acceptsStores: boolean
  /** Of this home, for backups. */
  files?: { identity: string; config: string }
  /** Go through the way of a page in memory once there is time for it; see `rehearsal.ts`. */
  rehearses: boolean
  /** Says once a day what this machine has. */
  saysHad: boolean
  /** Draws and keeps another incarnation, for a home whose notes are lost; without it such a home does not open. */
  renew?: () => Uint8Array
  /** The operator's rules, and where changes of them are written for good. */
  rules?: { initial: readonly Rule[]; write(rules: readonly Rule[]): void }
  /** Writes the key that a rotation brought into the identity file. */
  keepKey?: (key: Pick<IdentitySecrets, 'entitySecret' | 'rotations' | 'certificate'>) => void
  /** How much others are trusted where they differ about a page's head. */
  trustOf?: TrustOf
  onEvent?: (event: LoggedEvent) => void
  /** What a listener of events or progress threw. */
  onListenerError?: (error: unknown) => void
  /** A bug of ours: the service threw, and the node takes no more input. */
  onCrash?: (error: unknown) => void
  onStop?: () => void
  setLogLevel?: (level: string) => void
  /** For tests that stand between a node and its store. */
  openStore?: (options: StoreOptions) => Promise<Store>
}

export interface RunningNode {
  api: NodeApi
  /** Resolves when everything is warm: the node answers before that, a little slower. */
  ready: Promise<void>
  /** The bound UDP socket, once it is. */
  address(): { host: string; port: number } | undefined
  /** Bytes on the wire since the start, the DHT's among them. */
  traffic(): { sentBytes: number; receivedBytes: number }
  /** Connects to a device without waiting for a topic to show it. */
  connect(device: Uint8Array): void
  close(): Promise<void>
}

/** Opens what a node needs and starts it. Errors: ALREADY_RUNNING, BAD_STORE, DISK_FULL. */
export async function runNode(options: NodeOptions): Promise<RunningNode> {
  const { home, network, crypto, identity, depth, quotaBytes, acceptsStores } = options
  const { device } = identity
  let { incarnation } = identity
  const renew = (draw: () => Uint8Array) => (): Uint8Array => {
    incarnation = draw()
    return incarnation
  }
  let rules = options.rules?.initial ?? []
  let blocked = blockedBy(rules)
  // Whose device it is shows only once it is connected; from then on it is refused at the door.
  const refused = new IdSet([], REFUSED_MAX)
  const refuses = (other: Uint8Array): boolean => blocked.has(other) || refused.has(other)
  // Looks for the DHT while the store opens; nobody connects before the reactor has it join a topic.
  const swarm = openSwarm({ ...options.swarm, keyPair: device, refuses })
  const opening = (options.openStore ?? openStore)({
    home,
    incarnation,
    describe: describeBlock,
    quotaBytes,
    ...(options.renew !== undefined && { renew: renew(options.renew) }),
    ...(options.lock !== undefined && { lock: options.lock }),
  })
  const store = await opening.catch(async (error: unknown) => {
    await swarm.close()
    throw error
  })
  const signatures = new VerifiedSignatures(crypto)
  const verify = signatures.verify.bind(signatures)
  const checker = startChecker({ network, crypto: crypto.name, verify })
  const searcher = startSearcher()
  const standing = new FirstStanding()
  const events = new EventLog()
  const service = new Service({
    network,
    identity,
    device: { publicKey: device.publicKey, sign: (digest) => deviceSign(digest, device.secretKey) },
    incarnation,
    certificate: identity.blocks.at(-1)?.id,
    verify,
    verifyDevice: deviceVerify,
    random: (length) => randomBytes(length),
    standing,
    evidence: standing,
    retention: quotaPolicy(quotaBytes, () => logicalBytes(store.usage())),
    rules,
    ...(options.trustOf !== undefined && { trustOf: options.trustOf }),
    depth,
    connectionsMax: options.swarm.connectionsMax,
    quotaBytes,
    acceptsStores,
    ...(options.saysHad && { hadEveryMs: HAD_EVERY_MS }),
    isSearchElsewhere: true,
    introduceAfterMs: INTRODUCE_AFTER_MS,
  })
  const reactor = new Reactor({
    service,
    store,
    swarm,
    checker,
    searcher,
    network,
    clock: steadyClock(),
    wallClock: Date.now,
    onEvent: (event) => {
      if (event.type === 'refused') refused.add(event.device as Uint8Array)
      const logged = events.add(event, Date.now())
      options.onEvent?.(logged)
    },
    onListenerError: (error) => options.onListenerError?.(error),
    onCrash: (error) => options.onCrash?.(error),
  })
  reactor.start()
  const rest = async (): Promise<void> => {
    store.rest?.()
    await checker.rest()
  }
  const resting = startResting({ inputs: () => reactor.inputs, rest })
  const whenIdle = (): Promise<void> => reactor.whenIdle()
  const closing = new AbortController()
  const getReady = async (): Promise<void> => {
    if (!options.rehearses) return
    await setTimeout(REHEARSE_AFTER_MS, undefined, { ref: false, signal: closing.signal })
    await checker.prepare()
    await rehearse({ network, crypto, checker, whenIdle, openStore: () => passingStore(home) })
  }
  const ready = getReady().catch((error: unknown) => {
    // A disk without room shows soon enough; a node that is closing need not be ready.
    if (asSheafError(error).code === 'INTERNAL' && !closing.signal.aborted) options.onCrash?.(error)
  })
  const api: NodeApi = {
    run: <T extends Command['type']>(
      command: Extract<Command, { type: T }>,
      progress?: (value: never) => void,
      signal?: AbortSignal,
    ) =>
      reactor.run(command, progress as ((value: unknown) => void) | undefined, signal) as Promise<Answers[T]>,
    lastEvent: () => events.lastId,
    events: (since, signal) => events.watch(since, signal),
    backup: (path, { withKeys, signal }, tell) =>
      writeBackup(store, {
        path,
        incarnation,
        files: { identity: withKeys ? options.files?.identity : undefined, config: options.files?.config },
        rules,
        names: readNames(home),
        nowMs: Date.now(),
        tell,
        signal,
      }),
    verify: (tell) => store.scrub(tell),
    rules: () => rules,
    async rule(change) {
      const changed = changedRules(rules, change)
      if (!changed.isChanged) return { isChanged: false, ended: 0 }
      options.rules?.write(changed.rules)
      rules = changed.rules
      blocked = blockedBy(rules)
      refused.clear()
      swarm.forgive()
      const { ended } = (await reactor.run({ type: 'obey', rules })) as Answers['obey']
      return { isChanged: true, ended }
    },
    async rotate({ secret, next, leaveOut, isRehearsal }) {
      const { publicKey } = entityKeyPairOf(crypto, secret)
      const key = { publicKey, next, sign: (digest: Uint8Array) => crypto.sign(digest, secret) }
      const done = (await reactor.run({ type: 'rotate', key, leaveOut, isRehearsal })) as Rotated
      const { chain: rotations, certificate } = done
      if (certificate !== undefined) options.keepKey?.({ entitySecret: secret, rotations, certificate })
      return done
    },
    stop: () => options.onStop?.(),
    setLogLevel: (level) => options.setLogLevel?.(level),
    reachability: () => swarm.reachability(),
  }
  return {
    api,
    ready,
    address: () => swarm.address(),
    traffic: () => swarm.traffic(),
    connect: (other) => swarm.connect(other),
    async close() {
      resting.close()
      closing.abort()
      reactor.close(new SheafError('CANCELLED', 'the node is stopping'))
      await ready
      await swarm.close()
      await checker.close()
      await searcher.close()
      await store.close()
    },
  }
}

/** Devices; whose entity is blocked shows once one is connected. */
function blockedBy(rules: readonly Rule[]): IdSet {
  return new IdSet(rules.filter(({ type }) => type === 'block').map(({ id }) => id))
}
