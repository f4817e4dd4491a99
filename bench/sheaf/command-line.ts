/** Commands of the built `sheaf` through a daemon that runs: a process a command, as a person starts them. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ground } from '../harness/round.ts'
import { median } from '../harness/statistics.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const RUNS = 15
const PAGE = 'bench/page'
/** What publishing ends with where nobody is there to keep the page. */
const NOT_HELD_YET = 75

/** Median milliseconds of each command, from the start of its process to its end. */
export async function measureCommands(ground: Ground): Promise<{ get: number; status: number }> {
  const folder = join(ground.dir, 'cli')
  const home = join(folder, 'home')
  await mkdir(folder)
  const file = join(folder, 'page.md')
  await writeFile(file, '# A page\n\nOne that is here already.\n')
  const seeds = ground.network.bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
  await sheaf(
    home,
    'init',
    '--network',
    'bench',
    '--puzzle-bits',
    '4',
    '--host',
    '127.0.0.1',
    '--bootstrap',
    seeds,
  )
  await sheaf(home, 'start', '--daemon')
  try {
    await sheaf(home, 'publish', file, '--as', PAGE, '--wait', '0')
    return { get: await timed(home, 'get', PAGE), status: await timed(home, 'status') }
  } finally {
    await sheaf(home, 'stop')
  }
}

async function timed(home: string, ...args: string[]): Promise<number> {
  const eachMs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const startMs = performance.now()
    await sheaf(home, ...args)
    eachMs.push(performance.now() - startMs)
  }
  return median(eachMs)
}

async function sheaf(home: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--home', home, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString()
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0 && status !== NOT_HELD_YET)
    throw new Error(`sheaf ${args[0]} ended with ${status}: ${complaint.slice(-500)}`)
}
