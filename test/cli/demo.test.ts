// timeout: 240s
/** `sheaf demo` as a person types it, from the sources. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { readFolder } from '../../src/cli/folder.ts'
import { ControlClient } from '../../src/node/io/control/client.ts'
import type { StatusJson } from '../../src/node/io/control/shapes.ts'
import { pathsOf } from '../../src/node/io/paths.ts'
import { takeTurn } from '../helpers/daemon.ts'
import { type Teardown, tempHome } from '../helpers/home.ts'
import { MAIN } from '../helpers/program.ts'

const WIKI = fileURLToPath(new URL('../../examples/wiki', import.meta.url))
const NODES = 5

interface DemoJson {
  author: string
  held: number
  pages: { path: string; bytes: number; answered: string[]; heldBy: string[] }[]
  ranked: { name: string; score: number; why: string[] }[]
}

/** The demo in a process of its own, with a folder that it alone makes temporary files in. */
async function demo(t: Teardown, ...args: string[]): Promise<{ child: ChildProcess; folder: string }> {
  await takeTurn()
  const folder = join(tempHome(t), 'd')
  mkdirSync(folder)
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    // It takes its nodes with it; a second signal would leave them.
    child.kill('SIGINT')
    await once(child, 'exit')
  })
  return { child, folder }
}

test('demo - every page is held, read by a newcomer from nodes that it ranks, and nothing is left', async (t) => {
  const { child, folder } = await demo(t, '--json')
  const { status, out, err } = await endOf(child)
  t.is(status, 0, err)
  const { held, pages, ranked } = JSON.parse(out) as DemoJson
  const { files } = readFolder(WIKI, undefined)
  t.alike(pages.map(({ path }) => path).sort(), files.map(({ path }) => path).sort())
  t.ok(pages.length >= 10)
  t.is(held, 3, 'by each of the three beside the author')
  for (const { path, bytes, answered, heldBy } of pages) {
    t.ok(bytes > 0 && answered.length >= 1 && heldBy.length >= 1, `${path} was answered and is held`)
  }
  t.ok(ranked.length >= 1)
  for (const { name, score, why } of ranked) t.ok(score > 0 && why.length > 0, `${name} is ranked`)
  t.alike(readdirSync(folder).filter(isOfDemo), [])
})

test('demo --keep - says how to talk to it, and ends on SIGINT with nothing left', async (t) => {
  const { child, folder } = await demo(t, '--keep')
  const ended = endOf(child)
  const home = await printed(child, /^ {2}sheaf --home (\S+) get @\S+$/m)
  const homes = readdirSync(dirname(home)).map((name) => join(dirname(home), name))
  t.is(homes.length, NODES)
  const pids: number[] = []
  for (const each of homes) {
    const client = new ControlClient({ socketPath: pathsOf(each, {}, each).socket })
    pids.push((await client.ask<StatusJson>('/v1/status')).pid)
  }
  t.is(new Set(pids).size, NODES, 'each node is a process of its own, and answers')

  child.kill('SIGINT')
  const { status, out, err } = await ended
  t.is(status, 0, err)
  for (const each of homes) t.ok(out.includes(`sheaf --home ${each} status`))
  t.alike(pids.filter(isRunning), [], 'the nodes are gone')
  t.absent(existsSync(dirname(home)))
  t.alike(readdirSync(folder).filter(isOfDemo), [])
})

/** A loader of TypeScript keeps its own files there. */
function isOfDemo(name: string): boolean {
  return name.startsWith('sheaf')
}

function endOf(child: ChildProcess): Promise<{ status: number | null; out: string; err: string }> {
  let out = ''
  let err = ''
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  return once(child, 'close').then(([status]) => ({ status: status as number | null, out, err }))
}

/** Waits until a line is printed that matches, and gives its first group. */
function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: string) => {
      text += chunk
      const [, group] = pattern.exec(text) ?? []
      if (group !== undefined) resolve(group)
    })
    child.once('close', (status) => reject(new Error(`the demo ended with ${status} before it said so`)))
  })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
