// timeout: 600s
/** Ctrl-C and kill -9 at moments that a seed draws, on commands as they run: the home is as good as before. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { seededRandom } from '../../src/base/seeded.ts'
import { inviteToText } from '../../src/node/invite.ts'
import type { StatusJson } from '../../src/node/io/control/shapes.ts'
import { type DaemonProcess, daemon, privateNetwork, takeTurn } from '../helpers/daemon.ts'
import { type Teardown, tempHome } from '../helpers/home.ts'
import { MAIN } from '../helpers/program.ts'
import { seed } from '../helpers/seed.ts'

const PAGES = 1_500
const random = seededRandom(`interrupted ${seed}`)
/** A start takes about half a second, an import a second more. */
const MOMENT_MS_MAX = 1_500

interface Run {
  child: ChildProcess
  ended: Promise<{ status: number | null; signal: string | null; out: string; err: string }>
}

function begin(t: Teardown, home: string, args: readonly string[]): Run {
  const child = spawn(process.execPath, [MAIN, '--home', join(home, 'node'), ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout!.on('data', (chunk) => {
    out += chunk
  })
  child.stderr!.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, out, err }))
  return { child, ended }
}

async function run(t: Teardown, home: string, ...args: string[]) {
  return begin(t, home, args).ended
}

/** Ctrl-C after a while that the seed draws. */
async function interrupt({ child, ended }: Run): Promise<Awaited<Run['ended']> & { afterMs: number }> {
  const afterMs = Math.round((random(1)[0]! / 255) * MOMENT_MS_MAX)
  const timer = setTimeout(() => child.kill('SIGINT'), afterMs)
  const result = await ended
  clearTimeout(timer)
  return { ...result, afterMs }
}

function temporaryFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tmp$|\.sheaf-/.test(name),
  )
}

const NOWHERE = inviteToText({
  network: 'nowhere',
  puzzleBits: 8,
  bootstrap: [{ host: '127.0.0.1', port: 9 }],
  space: undefined,
})

/** Each from a home with nothing in it, and what must work there afterwards. */
const FRESH: readonly { args: string[]; after: string[] }[] = [
  { args: ['init', '--network', 'private', '--puzzle-bits', '20'], after: ['paths'] },
  { args: ['invite', '--private', '--publish', 'wiki'], after: ['invite', '--private', '-q'] },
  { args: ['join', NOWHERE, '--wait', '20'], after: ['join', NOWHERE, '--wait', '0', '-q'] },
  { args: ['bootstrap', '--port', '49871'], after: ['paths'] },
]

test(`interrupted - Ctrl-C while a home is made leaves one that goes on, or none (seed ${seed})`, {
  timeout: 300_000,
}, async (t) => {
  await takeTurn()
  for (const { args, after } of FRESH) {
    const home = tempHome(t)
    mkdirSync(join(home, 'wiki'))
    for (let i = 0; i < 300; i++) writeFileSync(join(home, `wiki/page ${i}.md`), `page ${i}`)
    const { status, signal, err, afterMs } = await interrupt(begin(t, home, args))
    const what = `${args[0]} after ${afterMs} ms`
    // Before the program has loaded nothing of it has begun.
    t.ok(
      signal === 'SIGINT' || status === 2 || status === 0,
      `${what}: ${status ?? signal} ${err.slice(-200)}`,
    )
    t.alike(temporaryFiles(home), [], what)
    const again = await run(t, home, ...after)
    t.ok(again.status === 0 || again.status === 75, `${what}, then ${after[0]}: ${again.err}`)
    const stopped = await run(t, home, 'stop')
    t.ok(stopped.status === 0 || stopped.status === 69, stopped.err)
  }
})

test(`interrupted - Ctrl-C while pages come and go leaves no half of anything (seed ${seed})`, {
  timeout: 300_000,
}, async (t) => {
  const { node, home } = await node1500(t)
  const sheaf = (...args: string[]) =>
    interrupt(begin(t, home, args)).then((ran) => ({ ...ran, what: `${args[0]} after ${ran.afterMs} ms` }))
  const all = [
    ['import', 'wiki', '--wait', '20'],
    ['publish', 'wiki', '--wait', '20'],
    ['export', '@me', 'copy'],
    ['events'],
    ['get', `@${'a'.repeat(52)}/x`],
  ]
  for (const args of all) {
    const { status, signal, what, err } = await sheaf(...args)
    // 75 and 3: it was done before, and nobody is there to hold or to know.
    t.ok(
      signal === 'SIGINT' || [0, 2, 3, 75].includes(status!),
      `${what}: ${status ?? signal} ${err.slice(-200)}`,
    )
    t.alike(temporaryFiles(home), [], what)
    t.is((await node.client.ask<StatusJson>('/v1/status')).pid, node.pid)
  }
  const done = await run(t, home, 'import', 'wiki', '--wait', '0', '--json')
  const { imported, unchanged } = JSON.parse(done.out) as { imported: number; unchanged: number }
  t.is(imported + unchanged, PAGES)
  const { pages } = await node.client.ask<{ pages: object[] }>('/v1/list', { query: { space: '@me' } })
  t.is(pages.length, PAGES)
  t.is((await run(t, home, 'export', '@me', 'copy')).status, 0)
  t.is(readdirSync(join(home, 'copy')).length, PAGES)
})

test('interrupted - an import goes on after kill -9 of the node in the middle of it', {
  timeout: 300_000,
}, async (t) => {
  const { node, home } = await node1500(t)
  const importing = begin(t, home, ['import', 'wiki', '--json'])
  for (;;) {
    const { stored } = await node.client.ask<StatusJson>('/v1/status')
    if (stored.blocks > 300) break
  }
  await node.kill()
  const broken = await importing.ended
  t.is(broken.status, 69, broken.err)
  t.absent((JSON.parse(broken.out) as { isWhole: boolean }).isWhole)
  await node.start()
  const again = await run(t, home, 'import', 'wiki', '--wait', '0', '--json')
  t.is(again.status, 75, 'nobody is there to hold it')
  const { imported, unchanged } = JSON.parse(again.out) as { imported: number; unchanged: number }
  t.is(imported + unchanged, PAGES)
  t.ok(unchanged >= 250, `${unchanged} were there`)
  const { pages } = await node.client.ask<{ pages: object[] }>('/v1/list', { query: { space: '@me' } })
  t.is(pages.length, PAGES)
})

/** A node that is alone, and a folder of pages beside its home. */
async function node1500(t: Teardown): Promise<{ node: DaemonProcess; home: string }> {
  const node = await daemon(t, { bootstrap: await privateNetwork(t) })
  const home = tempHome(t)
  const { symlinkSync } = await import('node:fs')
  symlinkSync(node.home, join(home, 'node'))
  mkdirSync(join(home, 'wiki'))
  for (let i = 0; i < PAGES; i++) writeFileSync(join(home, `wiki/page ${i}.md`), `# Page ${i}\n`)
  return { node, home }
}
