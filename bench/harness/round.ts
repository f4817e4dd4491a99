/** One run of a side: fresh processes, empty directories, one piece of work. Everything is gone afterwards. */

import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { type PrivateNetwork, startNetwork } from './network.ts'
import type { SideOptions } from './side.ts'

/** What all runs of one bench share: a private network and a directory. */
export interface Ground {
  readonly network: PrivateNetwork
  readonly dir: string
}

/** Gives `work` a private network and a directory; both go, with all that is in it, whatever happens. */
export async function onGround<Result>(work: (ground: Ground) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'sheaf-bench-'))
  const interrupted = (signal: NodeJS.Signals): void => {
    rmSync(dir, { recursive: true, force: true })
    process.exit(128 + constants.signals[signal]) // the children end as their channel closes
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const network = await startNetwork()
    try {
      return await work({ network, dir })
    } finally {
      await network.close()
    }
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    await rm(dir, { recursive: true, force: true })
  }
}

/** Starts one more process of the side, with an empty home; it ends with the round. */
export type StartRole = () => Promise<{ child: Child; options: SideOptions }>

/** Runs `work` with processes of the side at `sideUrl`; they are ended and their homes removed whatever happens. */
export async function inRound<Result>(
  ground: Ground,
  sideUrl: string,
  work: (start: StartRole) => Promise<Result>,
): Promise<Result> {
  const roundDir = await mkdtemp(join(ground.dir, 'round-'))
  const children: Child[] = []
  const start: StartRole = async () => {
    const child = startChild(sideUrl)
    const homeDir = join(roundDir, String(children.push(child)))
    await mkdir(homeDir)
    return { child, options: { homeDir, bootstrap: ground.network.bootstrap } }
  }
  try {
    return await work(start)
  } finally {
    await Promise.all(children.map((child) => child.end()))
    await rm(roundDir, { recursive: true, force: true })
  }
}
