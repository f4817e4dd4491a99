/** A running node: lock, store, swarm, service and control socket, opened in this order and closed in the other. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { deviceSign, loadCrypto, VerifiedSignatures } from '../../base/crypto.ts'
import { asSheafError, SheafError } from '../../base/errors.ts'
import { networkOf } from '../../base/network.ts'
import { idToText } from '../../base/text-id.ts'
import { describeBlock } from '../../content/block.ts'
import { FirstStanding } from '../../ranking/standing.ts'
import type { Answers, Command, NodeApi } from '../commands.ts'
import type { NodeEvent } from '../node.ts'
import { quotaPolicy } from '../retention.ts'
import { Service } from '../service.ts'
import type { Config } from './config/options.ts'
import { EventLog } from './event-log.ts'
import { loadIdentity } from './identity/identity.ts'
import type { Paths } from './paths.ts'
import { Reactor } from './reactor.ts'
import { openStore } from './store/level-store.ts'
import { lockHome } from './store/lock.ts'
import { openSwarm } from './swarm.ts'

export interface Daemon {
  api: NodeApi
  /** The bound UDP socket, where it is bound already. */
  address(): { host: string; port: number } | undefined
  /** Settles when the daemon has closed, whoever asked for it. */
  closed: Promise<void>
  close(): Promise<void>
}

export interface DaemonOptions {
  config: Config
  paths: Pick<Paths, 'home' | 'identity' | 'socket'>
  logger: Logger
  /** The control API's server; left out by programs that use the API directly. */
  serveControl?: (
    api: NodeApi,
    options: { socketPath: string; config: Config; logger: Logger },
  ) => Promise<{ close(): Promise<void> }>
}

/** Starts a node. Errors: NO_IDENTITY, ALREADY_RUNNING, BAD_STORE, DISK_FULL, BAD_CONFIG. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config, paths, logger } = options
  const network = networkOf(config.network, config.puzzleBits)
  const crypto = loadCrypto(config.crypto)
  const lock = lockHome(paths.home)
  const undo: (() => Promise<void> | void)[] = [() => lock.release()]
  const closeAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const identity = loadIdentity(paths.identity, network, crypto)
    const store = await openStore({
      home: paths.home,
      incarnation: identity.incarnation,
      describe: describeBlock,
      lock,
    })
    undo.push(() => store.close())
    const swarm = openSwarm({
      keyPair: identity.device,
      bootstrap: config.bootstrap,
      host: config.host,
      port: config.port,
      firewalled: config.firewalled !== false,
      connectionsMax: config.connectionsMax,
    })
    undo.push(() => swarm.close())

    const signatures = new VerifiedSignatures(crypto)
    const standing = new FirstStanding()
    const quotaBytes = config.quotaMb * 2 ** 20
    const events = new EventLog()
    const service = new Service({
      network,
      identity,
      device: {
        publicKey: identity.device.publicKey,
        sign: (digest) => deviceSign(digest, identity.device.secretKey),
      },
      incarnation: identity.incarnation,
      certificate: identity.blocks[1]?.id,
      verify: (signature, digest, publicKey) => signatures.verify(signature, digest, publicKey),
      random: (length) => randomBytes(length),
      standing,
      evidence: standing,
      retention: quotaPolicy(quotaBytes, () => store.usage().bytes),
      depth: config.depth,
      connectionsMax: config.connectionsMax,
      quotaBytes,
      acceptsStores: true,
    })
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const reactor = new Reactor({
      service,
      store,
      swarm,
      network,
      clock: Date.now,
      onEvent: (event) => logEvent(logger, events.add(event, Date.now())),
      onCrash: (error) => {
        logger.fatal({ err: error }, 'a bug: the node stops rather than go on in an unknown state')
        end()
      },
    })
    undo.push(() => reactor.close(new SheafError('CANCELLED', 'the node is stopping')))
    const api: NodeApi = {
      run: <T extends Command['type']>(
        command: Extract<Command, { type: T }>,
        progress?: (value: never) => void,
      ) => reactor.run(command, progress as ((value: unknown) => void) | undefined) as Promise<Answers[T]>,
      events: (since, signal) => events.watch(since, signal),
      stop: () => end(),
      setLogLevel: (level) => {
        logger.level = level
      },
    }
    reactor.start()
    if (options.serveControl !== undefined) {
      const control = await options.serveControl(api, { socketPath: paths.socket, config, logger })
      undo.push(() => control.close())
    }
    logger.info(
      { entity: idToText(identity.entity), device: idToText(identity.device.publicKey), crypto: crypto.name },
      'started',
    )
    const closed = ended.then(closeAll).then(() => logger.info('stopped'))
    return {
      api,
      address: () => swarm.address(),
      closed,
      close: () => {
        end()
        return closed
      },
    }
  } catch (error) {
    await closeAll()
    throw asSheafError(error)
  }
}

/** Faults and failures are worth a person's eye; the rest is for whoever asks. */
function logEvent(logger: Logger, { type, ...fields }: NodeEvent): void {
  const readable = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? idToText(value) : value,
    ]),
  )
  if (type === 'fault' || type === 'failed') logger.warn(readable, type)
  else logger.debug(readable, type)
}
