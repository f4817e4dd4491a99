/**
 * The main job on real input: five daemons in five processes, one publishes a folder of pages by `sheaf publish`; a
 * sixth that joins afterwards and knows only the space's name and where the network begins exports it.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SheafError } from '../src/base/errors.ts'
import { type LocalNode, startLocalNode } from '../src/cli/local-nodes.ts'
import type { StatusJson } from '../src/node/io/control/shapes.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { diskUse } from './harness/disk-use.ts'
import { seededRandom, tldrLikePage } from './harness/generate.ts'
import { progress } from './harness/progress.ts'
import { onGround } from './harness/round.ts'
import { median } from './harness/statistics.ts'

export const name = 'wiki'
export const about =
  'sheaf publish of a folder on one of five daemons, export by a sixth that joins afterwards'

const NODES = 5
/** Without a data folder so many pages are generated. */
const PAGES = 500
const SEED = 20261121
/** This ends a run that would otherwise hang. */
const MEET_WITHIN_MS = 60_000
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const MEGABYTE = 1e6

export async function run({ dataDir }: BenchOptions): Promise<Figures> {
  return await onGround(async ({ network, dir }) => {
    const folder = dataDir === undefined ? await generatedFolder(dir) : join(dataDir, 'pages', 'tldr')
    const files = markdownIn(folder)
    const options = {
      folder: dir,
      bootstrap: network.bootstrap,
      network: 'bench',
      signal: new AbortController().signal,
    }
    const nodes: LocalNode[] = []
    const start = async (each: string): Promise<LocalNode> => {
      const node = await startLocalNode(each, options)
      nodes.push(node)
      return node
    }
    try {
      const author = await start('node-1')
      for (let number = 2; number <= NODES; number++) await start(`node-${number}`)
      await meet(author, NODES - 1)
      const publishS = await timed('publish', () => sheaf(author, 'publish', folder, '--quiet'))
      const reader = await start(`node-${NODES + 1}`)
      await meet(reader, 1)
      const out = join(dir, 'exported')
      const exportS = await timed('export', () =>
        sheaf(reader, 'export', `@${author.entity}`, out, '--quiet'),
      )

      const bytes = files.reduce((sum, file) => sum + readFileSync(join(folder, file)).byteLength, 0)
      const rssMb = await Promise.all(nodes.map(peakMemoryMb))
      await Promise.all(nodes.map((node) => node.stop()))
      const diskMb = await Promise.all(nodes.map(async ({ home }) => (await diskUse(home)) / MEGABYTE))
      return {
        publishS,
        exportS,
        pages: files.length,
        bytes,
        byteEqual: areEqual(folder, out, files),
        rssMb: { median: median(rssMb), max: Math.max(...rssMb) },
        diskMb: { median: median(diskMb), max: Math.max(...diskMb) },
        diskRatio: (median(diskMb) * MEGABYTE) / bytes,
        nodes: nodes.length,
        source: dataDir === undefined ? 'generated' : 'tldr',
      }
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })
}

async function generatedFolder(dir: string): Promise<string> {
  const folder = join(dir, 'pages')
  const random = seededRandom(SEED)
  for (let index = 0; index < PAGES; index++) {
    const file = join(folder, `${index % 10}`, `page-${index}.md`)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, tldrLikePage(random))
  }
  return folder
}

/** Waits until a node has open sessions with so many peers that keep pages. */
async function meet(node: LocalNode, peers: number): Promise<void> {
  const until = Date.now() + MEET_WITHIN_MS
  for await (const { type } of node.client.stream('/v1/events', { query: { since: 0 } })) {
    if (type !== 'listening' && type !== 'introduced' && type !== 'opened') continue
    const { peersAcceptingStores } = await node.client.ask<StatusJson>('/v1/status')
    if (peersAcceptingStores >= peers) return
    if (Date.now() > until) break
  }
  throw new SheafError('NO_PEERS', `${node.name} did not meet ${peers} peers in time`)
}

/** A command as a person runs it, in a process of its own; throws where it does not end with 0. */
async function sheaf(node: LocalNode, ...args: string[]): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    [...process.execArgv, MAIN, '--home', node.home, ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new SheafError('INTERNAL', `sheaf ${args[0]} ended with ${status}`)
}

async function timed(what: string, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  const seconds = (performance.now() - startedMs) / 1000
  progress(`${what}: ${seconds.toFixed(2)} s`)
  return seconds
}

/** The most memory that a node has had (Linux: VmHWM, in kB of 1,024 bytes). */
async function peakMemoryMb(node: LocalNode): Promise<number> {
  const { pid } = await node.client.ask<StatusJson>('/v1/status')
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kilobytes) * 1024) / MEGABYTE
}

/** The same files, no more and no fewer, each with the same bytes. */
function areEqual(folder: string, out: string, files: readonly string[]): boolean {
  if (markdownIn(out).join('\n') !== files.join('\n')) return false
  return files.every((file) => readFileSync(join(folder, file)).equals(readFileSync(join(out, file))))
}

function markdownIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((each) => each.endsWith('.md')).sort()
}
