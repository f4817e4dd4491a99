/** A running node: lock, store and swarm, service and control socket, opened in this order and closed in the other. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { loadCrypto } from '../../base/crypto.ts'
import { asSheafError, type SheafError } from '../../base/errors.ts'
import { networkOf } from '../../base/network.ts'
import { idToText } from '../../base/text-id.ts'
import type { NodeApi } from '../commands.ts'
import type { NodeEvent } from '../node.ts'
import { acquaintance } from './acquaintance.ts'
import { runSeeds } from './bootstrap.ts'
import type { Config } from './config/options.ts'
import { loadIdentity, readSecrets, replaceIdentity } from './identity/identity.ts'
import { currentIncarnation, renewIncarnation } from './incarnation.ts'
import type { Paths } from './paths.ts'
import { readRules, writeRules } from './rules-file.ts'
import { type NodeOptions, runNode } from './run-node.ts'
import { lockHome } from './store/lock.ts'

export interface Daemon {
  api: NodeApi
  /** The bound UDP socket, where it is bound already. */
  address(): { host: string; port: number } | undefined
  /** Settles when the daemon has closed, whoever asked for it; rejects with INTERNAL where a bug of ours ended it. */
  closed: Promise<void>
  close(): Promise<void>
}

export interface DaemonOptions extends Pick<NodeOptions, 'openStore'> {
  config: Config
  paths: Pick<Paths, 'home' | 'identity' | 'config' | 'socket'>
  logger: Logger
  /** Of the identity, where that is sealed. */
  passphrase?: Uint8Array | undefined
  /** The control API's server; left out by programs that use the API directly. */
  serveControl?: (
    api: NodeApi,
    options: { socketPath: string; home: string; config: Config; logger: Logger },
  ) => Promise<{ close(): Promise<void> }>
}

/** Starts a node. Errors: NO_IDENTITY, ALREADY_RUNNING, BAD_STORE, DISK_FULL, BAD_CONFIG, NO_NETWORK for the seeds of `seedPorts`. */
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
    const loaded = loadIdentity(paths.identity, network, crypto, options.passphrase)
    const random = (length: number): Uint8Array => randomBytes(length)
    const incarnation = currentIncarnation(lock, loaded.incarnation, random)
    const identity = { ...loaded, incarnation: incarnation.bytes }
    if (incarnation.isNew) {
      logger.warn('this home was copied or restored: a new incarnation begins, and the old promises end')
    }
    let end: () => void = () => {}
    let crash: SheafError | undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    if (config.seedPorts.length > 0) {
      const seeds = await runSeeds(config.host, config.seedPorts)
      undo.push(() => seeds.close())
    }
    const node = await runNode({
      home: paths.home,
      lock,
      ...(options.openStore !== undefined && { openStore: options.openStore }),
      network,
      crypto,
      identity,
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
      files: { identity: paths.identity, config: paths.config },
      rehearses: config.rehearse,
      saysHad: config.sayHad,
      renew: () => {
        logger.warn('the notes of this home are lost: a new incarnation begins, and the old promises end')
        return renewIncarnation(lock, random)
      },
      keepKey: (key) => {
        const { passphrase } = options
        const kept = { ...readSecrets(paths.identity, passphrase), ...key }
        replaceIdentity(paths.identity, kept, passphrase && { passphrase, random })
      },
      rules: { initial: readRules(paths.home), write: (rules) => writeRules(paths.home, rules) },
      trustOf: acquaintance(paths.home, identity.entity, () => performance.now()),
      onEvent: (event) => logEvent(logger, event),
      onCrash: (error) => {
        crash = asSheafError(error)
        logger.fatal({ err: error }, 'a bug: the node stops rather than go on in an unknown state')
        end()
      },
      onStop: () => end(),
      onListenerError: (error) => logger.error({ err: error }, 'a listener failed'),
      setLogLevel: (level) => {
        logger.level = level
      },
    })
    undo.push(() => node.close())
    const { api } = node
    if (options.serveControl !== undefined) {
      const control = await options.serveControl(api, {
        socketPath: paths.socket,
        home: paths.home,
        config,
        logger,
      })
      undo.push(() => control.close())
    }
    logger.info(
      { entity: idToText(identity.entity), device: idToText(identity.device.publicKey), crypto: crypto.name },
      'started',
    )
    const closed = ended.then(closeAll).then(() => {
      logger.info('stopped')
      if (crash !== undefined) throw crash
    })
    return {
      api,
      address: () => node.address(),
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
