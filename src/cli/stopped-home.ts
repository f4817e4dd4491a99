/** The store of a home whose node does not run, for the commands that work without one. */
import type { Config } from '../node/io/config/options.ts'
import type { Paths } from '../node/io/paths.ts'
import type { LevelStore } from '../node/io/store/level-store.ts'
import type { Cli } from './cli.ts'
import { passphraseFor } from './passphrase.ts'

export interface StoppedHome {
  paths: Paths
  config: Config
  store: LevelStore
  /** False where the notes were lost or damaged, and a new incarnation has begun for it. */
  areNotesWhole: boolean
}

/** Opens the home for `use`, and closes it. Errors: NO_IDENTITY, ALREADY_RUNNING, BAD_CONFIG, BAD_STORE, DISK_FULL. */
export async function withStoppedHome<T>(
  cli: Cli,
  { repair = false }: { repair?: boolean },
  use: (home: StoppedHome) => Promise<T>,
): Promise<T> {
  const { readConfig } = await import('../node/io/config/config.ts')
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { describeBlock } = await import('../content/block.ts')
  const { loadIdentity } = await import('../node/io/identity/identity.ts')
  const { currentIncarnation, renewIncarnation } = await import('../node/io/incarnation.ts')
  const { openStore } = await import('../node/io/store/level-store.ts')
  const { lockHome } = await import('../node/io/store/lock.ts')
  const { randomBytes } = await import('node:crypto')
  const paths = cli.paths()
  const config = readConfig({ env: cli.shell.env, file: paths.config })
  const network = networkOf(config.network, config.puzzleBits)
  const identity = loadIdentity(paths.identity, network, loadCrypto(config.crypto), await passphraseFor(cli))
  const lock = lockHome(paths.home)
  try {
    const random = (length: number): Uint8Array => randomBytes(length)
    const { bytes: incarnation } = currentIncarnation(lock, identity.incarnation, random)
    let areNotesWhole = true
    const store = await openStore({
      home: paths.home,
      incarnation,
      describe: describeBlock,
      renew() {
        areNotesWhole = false
        return renewIncarnation(lock, random)
      },
      lock,
      repair,
    })
    try {
      return await use({ paths, config, store, areNotesWhole })
    } finally {
      await store.close()
    }
  } finally {
    lock.release()
  }
}

/** What the running node of this home says, or, where none runs, what `otherwise` does. */
export async function runningOr<T>(ask: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  const { asSheafError } = await import('../base/errors.ts')
  try {
    return await ask()
  } catch (error) {
    if (asSheafError(error).code !== 'NOT_RUNNING') throw error
    return otherwise()
  }
}
