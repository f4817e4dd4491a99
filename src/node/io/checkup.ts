/** What may keep a node from working, looked at one by one, each with a deadline: the checks of `sheaf doctor`. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import HyperDHT from 'hyperdht'
import { loadCrypto } from '../../base/crypto.ts'
import { asSheafError, SheafError } from '../../base/errors.ts'
import { networkOf } from '../../base/network.ts'
import type { Reachability } from '../commands.ts'
import { requireUdp } from './bootstrap.ts'
import { configProblems } from './config/edit.ts'
import type { Config } from './config/options.ts'
import type { StatusJson } from './control/shapes.ts'
import { isIdentitySealed, loadIdentity } from './identity/identity.ts'
import type { Paths } from './paths.ts'
import { readRules } from './rules-file.ts'

export type Verdict = 'ok' | 'warning' | 'failure'

export interface Finding {
  check: string
  verdict: Verdict
  says: string
  /** What mends it. */
  remedy: string | undefined
}

export interface Patient {
  paths: Paths
  env: Readonly<Record<string, string | undefined>>
  /** Undefined where it is not valid: then what depends on it is not looked at. */
  config: Config | undefined
  /** Of the running node; undefined where none runs. */
  status: StatusJson | undefined
}

type Said = Omit<Finding, 'check'>
type Check = (patient: Patient) => Said | Promise<Said>

/** No check takes longer; one that would is a failure. */
const CHECK_WITHIN_MS = 10_000
const NODE_MIN = [20, 15] as const
const FREE_INODES_MIN = 10_000
/** Records of the future are refused when they are some minutes ahead. */
const CLOCK_OFF_MS = 60_000
const FORWARD = 'forward a UDP port and configure it'

/** Looks at everything, in this order; never hangs, never throws. */
export async function examine(patient: Patient, withinMs = CHECK_WITHIN_MS): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [check, look] of Object.entries(CHECKS)) {
    findings.push({ check, ...(await inTime(look, patient, withinMs)) })
  }
  return findings
}

const CHECKS: Readonly<Record<string, Check>> = {
  'node version': () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
    return isEnough
      ? ok(process.versions.node)
      : failure(process.versions.node, `install Node ${NODE_MIN.join('.')} or later`)
  },
  cryptography: ({ config }) => {
    const { name } = loadCrypto(config?.crypto ?? 'native')
    return name === 'native'
      ? ok('native')
      : warning('JavaScript: signatures are checked about 40 times slower', 'npm rebuild secp256k1')
  },
  home: ({ paths }) => privateOr(paths.home, 0o700),
  identity: ({ paths, config }) => {
    if (!existsSync(paths.identity)) return failure(`none at ${paths.identity}`, 'sheaf init')
    const open = privateOr(paths.identity, 0o600)
    if (open.verdict !== 'ok' || config === undefined) return open
    const network = networkOf(config.network, config.puzzleBits)
    if (isIdentitySealed(paths.identity)) return ok('sealed with a passphrase')
    loadIdentity(paths.identity, network, loadCrypto(config.crypto))
    return ok('readable, and of this network')
  },
  configuration: ({ paths, env }) => {
    const problems = configProblems(paths.config, env)
    return problems.length === 0 ? ok('valid') : failure(problems[0]!.what, 'sheaf config validate')
  },
  rules: ({ paths }) => ok(`${readRules(paths.home).length} of the operator`),
  disk: ({ paths, config, status }) => {
    const { bavail, bsize, files, ffree } = statfsSync(existing(paths.home))
    const used = status?.stored.usedBytes ?? 0
    const wanted = Math.max(0, (config?.quotaMb ?? 0) * 2 ** 20 - used)
    const free = `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`
    if (files > 0 && ffree < FREE_INODES_MIN) return failure(`${ffree} files left on this disk`, 'make room')
    return bavail * bsize < wanted
      ? warning(
          `${free}, less than the quota still allows`,
          'sheaf config set quota_mb with a smaller number',
        )
      : ok(free)
  },
  writing: ({ paths }) => {
    const probe = join(paths.home, `.probe-${process.pid}`)
    const fd = openSync(probe, 'wx', 0o600)
    try {
      writeSync(fd, 'sheaf')
      fsyncSync(fd)
    } finally {
      closeSync(fd)
      rmSync(probe, { force: true })
    }
    return ok('a file was written and synced')
  },
  udp: async ({ config, status }) => {
    await requireUdp(config?.host ?? '127.0.0.1')
    if (status !== undefined || config === undefined) return ok('packets arrive on this machine')
    const socket = createSocket('udp4')
    try {
      socket.bind(config.port, config.host)
      await once(socket, 'listening')
      return ok(`port ${socket.address().port} can be bound on ${config.host}`)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      return failure(`${config.host}:${config.port} cannot be bound (${code})`, 'sheaf config set port 0')
    } finally {
      socket.close()
    }
  },
  reachability: async ({ config, status }) => {
    if (status?.reachability != null) return reachedAs(status.reachability)
    if (config === undefined) return warning('not looked at: the configuration is not valid', undefined)
    return reachedFrom(config)
  },
  clock: ({ status }) => {
    if (status?.clock == null) return ok('nobody has told yet what time it is')
    const { aheadMs, peers } = status.clock
    const seconds = Math.round(Math.abs(aheadMs) / 1000)
    const says = `${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the median of ${peers} connected`
    return Math.abs(aheadMs) > CLOCK_OFF_MS ? warning(says, 'set the clock of this machine') : ok(says)
  },
  daemon: ({ status }) =>
    status === undefined ? warning('not running', 'sheaf start --daemon') : ok(`process ${status.pid}`),
  peers: ({ status }) => {
    if (status === undefined) return ok('unknown while no node runs')
    return status.peers > 0
      ? ok(`${status.peers} connected`)
      : warning('none connected', 'sheaf config get bootstrap: is the network the right one?')
  },
  outbox: ({ status }) => {
    const waiting = status?.pendingBatches ?? 0
    return waiting === 0
      ? ok('nothing waits for holders')
      : warning(`${waiting} batches lack holders`, 'leave the node running; sheaf peers')
  },
  store: ({ status }) => {
    const damaged = status?.stored.damaged ?? 0
    if (status?.stored.trouble !== undefined) return failure(status.stored.trouble, 'make room on the disk')
    return damaged === 0 ? ok('no damage met') : warning(`${damaged} damaged blocks`, 'sheaf verify')
  },
  'last error': ({ status }) =>
    status?.lastError == null ? ok('none') : warning(status.lastError, 'its code stands in the README'),
}

/** What the running node has been told. */
function reachedAs({ host, port, isFirewalled, isRandomized }: Reachability): Said {
  const seen = host === null ? 'seen under no one address' : `seen as ${host}:${port}`
  if (isRandomized) return warning(`${seen}, behind a NAT that changes ports`, FORWARD)
  return ok(isFirewalled ? `${seen}; others come in where this node calls too` : seen)
}

/** Asks the nodes of the DHT that are configured, from a socket of its own. */
async function reachedFrom({ bootstrap, host }: Config): Promise<Said> {
  const dht = new HyperDHT({ ...(bootstrap.length > 0 && { bootstrap }), host, port: 0 })
  try {
    await dht.fullyBootstrapped()
    const answers = await Promise.allSettled(bootstrap.map((node) => dht.ping(node)))
    const silent = answers.filter(({ status }) => status === 'rejected').length
    if (!dht.bootstrapped || !dht.online || (answers.length > 0 && silent === answers.length)) {
      return failure('no node of the DHT answers', 'is UDP let out here? sheaf config get bootstrap')
    }
    const seen = dht.host === null ? 'seen under no one address' : `seen as ${dht.host}`
    const silence = silent === 0 ? '' : `; ${silent} of ${answers.length} bootstrap nodes are silent`
    if (dht.randomized) {
      return warning(`${seen}, behind a NAT that changes ports${silence}`, FORWARD)
    }
    return silent === 0 ? ok(seen) : warning(`${seen}${silence}`, 'sheaf config get bootstrap')
  } finally {
    await dht.destroy({ force: true })
  }
}

async function inTime(look: Check, patient: Patient, withinMs: number): Promise<Said> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Said>((resolve) => {
    timer = setTimeout(() => resolve(failure(`no result within ${withinMs / 1000} s`, undefined)), withinMs)
  })
  try {
    return await Promise.race([(async () => look(patient))(), late])
  } catch (error) {
    const { message, hint } = error instanceof SheafError ? error : asSheafError(error)
    return failure(message, hint)
  } finally {
    clearTimeout(timer)
  }
}

function privateOr(path: string, mode: number): Said {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return failure(`${path} is not there`, 'sheaf init')
  const found = stat.mode & 0o777
  if ((found & ~mode) === 0) return ok(path)
  return failure(`${path} is open to others (${found.toString(8)})`, `chmod ${mode.toString(8)} '${path}'`)
}

/** The folder itself, or the nearest above it. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder))
}

function ok(says: string): Said {
  return { verdict: 'ok', says, remedy: undefined }
}

function warning(says: string, remedy: string | undefined): Said {
  return { verdict: 'warning', says, remedy }
}

function failure(says: string, remedy: string | undefined): Said {
  return { verdict: 'failure', says, remedy }
}
