/**
 * Where a node's files are. By the XDG base directories, or all in one folder where `--home` or
 * SHEAF_HOME names one:
 *
 *     file or folder   one folder           XDG
 *     config           HOME/config.toml     $XDG_CONFIG_HOME/sheaf/config.toml
 *     identity, store  HOME                 $XDG_DATA_HOME/sheaf
 *     log              HOME/log/sheaf.log   $XDG_STATE_HOME/sheaf/sheaf.log
 *     socket           HOME/control.sock    $XDG_RUNTIME_DIR/sheaf/control.sock
 */
import { chmodSync, lstatSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { SheafError } from '../../base/errors.ts'
import { makeFolders } from './make-folders.ts'
import { diskError } from './store/disk-error.ts'

/** sun_path without its closing zero: 107 bytes on Linux, 103 on macOS; what fits the shorter fits both. */
export const SOCKET_PATH_BYTES_MAX = 103
const FOLDER_MODE = 0o700
/** 64 bits keep the homes of one machine apart. */
const HASH_LETTERS = 16

export interface Paths {
  /** Locked by the daemon; holds the identity and the store. */
  readonly home: string
  readonly config: string
  readonly identity: string
  readonly log: string
  readonly socket: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** `home` is what `--home` said; relative folders count from `cwd`. */
export function pathsOf(home: string | undefined, env: Environment, cwd: string): Paths {
  const folder = home ?? nonEmpty(env.SHEAF_HOME)
  return folder === undefined ? xdgPaths(env) : pathsIn(resolve(cwd, folder), env)
}

/** Makes a folder that only its owner may look into, with those above it. */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolders(folder, FOLDER_MODE)
    const stat = lstatSync(folder)
    if (!stat.isDirectory()) throw new SheafError('BAD_STORE', `${folder} is no folder`)
    refuseForeign(folder, stat.uid)
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, FOLDER_MODE)
  } catch (error) {
    throw diskError(error, `cannot make ${folder}`)
  }
}

/** Throws REFUSED where another user owns what we are about to trust: anybody can make files in a shared folder. */
export function refuseForeign(path: string, uid: number): void {
  const own = process.getuid?.()
  if (own === undefined || uid === own) return
  throw new SheafError('REFUSED', `${path} belongs to another user (${uid})`, {
    hint: 'run sheaf as that user, or choose another home with --home DIR',
  })
}

function pathsIn(home: string, env: Environment): Paths {
  return {
    home,
    config: join(home, 'config.toml'),
    identity: join(home, 'identity.json'),
    log: join(home, 'log', 'sheaf.log'),
    socket: socketIn(home, home, env),
  }
}

function xdgPaths(env: Environment): Paths {
  const user = nonEmpty(env.HOME) ?? homedir()
  const base = (name: string, fallback: string) => join(absolute(env[name]) ?? join(user, fallback), 'sheaf')
  const home = base('XDG_DATA_HOME', '.local/share')
  const runtime = absolute(env.XDG_RUNTIME_DIR)
  return {
    home,
    config: join(base('XDG_CONFIG_HOME', '.config'), 'config.toml'),
    identity: join(home, 'identity.json'),
    log: join(base('XDG_STATE_HOME', '.local/state'), 'sheaf.log'),
    socket: socketIn(runtime === undefined ? home : join(runtime, 'sheaf'), home, env),
  }
}

/** In `folder` where that is short enough; else in a short folder whose name says which home it is of. */
function socketIn(folder: string, home: string, env: Environment): string {
  const near = join(folder, 'control.sock')
  if (fits(near)) return near
  const name = `sheaf-${sha256Hex(home).slice(0, HASH_LETTERS)}`
  const places = [absolute(env.XDG_RUNTIME_DIR), tmpdir(), '/tmp']
  const short = places
    .flatMap((place) => (place === undefined ? [] : [join(place, name, 'control.sock')]))
    .find(fits)
  if (short !== undefined) return short
  throw new SheafError('BAD_CONFIG', `no place for a socket: ${dirname(near)} is too long`, {
    hint: 'choose a shorter home with --home DIR',
  })
}

/** Few homes need it: loaded here, so that every other command does not wait for it. */
function sha256Hex(text: string): string {
  const { createHash } = createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto')
  return createHash('sha256').update(text).digest('hex')
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** The XDG specification has relative paths ignored. */
function absolute(text: string | undefined): string | undefined {
  return text !== undefined && isAbsolute(text) ? text : undefined
}
