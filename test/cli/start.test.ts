// timeout: 240s
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { type Teardown, tempHome } from '../helpers/home.ts'
import { network } from '../helpers/network.ts'
import { freePort } from '../helpers/ports.ts'
import { MAIN } from '../helpers/program.ts'
import { until } from '../helpers/until.ts'
import { fakeHome } from './fake-shell.ts'

interface Ended {
  status: number | null
  out: string
  err: string
}

interface Sheaf {
  home: string
  /** The program in a process of its own, until it ends. */
  run(...args: string[]): Promise<Ended>
  /** The same, as it runs. */
  begin(...args: string[]): { child: ChildProcess; ended: Promise<Ended> }
}

/** A home with an identity for a private network that nobody else is on. */
async function sheaf(t: Teardown, bootstrap: string): Promise<Sheaf> {
  const home = tempHome(t)
  const begin: Sheaf['begin'] = (...args) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: home,
      env: { ...process.env, SHEAF_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    const ended = until<[number | null]>(child, 'close', { timeoutMs: 60_000 }).then(([status]) => ({
      status,
      out,
      err,
    }))
    return { child, ended }
  }
  const { status } = await fakeHome({ teardown: () => {} }).run(
    ['init', '--network', 'test', '--puzzle-bits', '4', '--bootstrap', bootstrap, '--host', '127.0.0.1'],
    { env: { SHEAF_HOME: home } },
  )
  if (status !== 0) throw new Error('no identity')
  return { home, begin, run: (...args) => begin(...args).ended }
}

async function privateNetwork(t: Teardown): Promise<string> {
  const { bootstrap, close } = await network()
  t.teardown(close, { order: 1_000 })
  return bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
}

/** Ends a daemon that a test started, where the test did not. */
function endWith(t: Teardown, pid: number): void {
  t.teardown(() => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  })
}

test('start - a daemon is one, survives kill -9 with what it stored, and stops when asked', async (t) => {
  const { home, run } = await sheaf(t, await privateNetwork(t))
  const started = await run('start', '--daemon', '--json')
  t.is(started.status, 0, JSON.stringify(started.err))
  const { pid, log } = JSON.parse(started.out) as { pid: number; log: string }
  endWith(t, pid)
  t.is(statSync(log).mode & 0o777, 0o600)
  t.is(statSync(join(home, 'control.sock')).mode & 0o777, 0o600)

  for (const args of [['start'], ['start', '--daemon']]) {
    const second = await run(...args)
    t.is(second.status, 1)
    t.ok(second.err.includes(`process ${pid} has`) && second.err.includes('(ALREADY_RUNNING)'))
  }

  writeFileSync(join(home, 'bees.md'), '# Bees\n')
  const published = await run('publish', 'bees.md', '--wait', '0.1', '--json')
  t.is(published.status, 75, 'nobody else is there to hold it')
  process.kill(pid, 'SIGKILL')
  while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve))
  t.ok(existsSync(join(home, 'control.sock')), 'a killed daemon leaves its socket')
  const orphan = await run('status')
  t.is(orphan.status, 69)
  t.ok(orphan.err.includes('hint: sheaf start --daemon'))

  const again = await run('start', '--daemon', '-q')
  t.is(again.status, 0, JSON.stringify(again.err))
  endWith(t, Number(again.out))
  t.is((await run('get', 'bees')).out, '# Bees\n')
  const status = JSON.parse((await run('status', '--json')).out) as { pid: number; pendingBatches: number }
  t.alike([status.pid, status.pendingBatches], [Number(again.out), 1], 'the outbox goes on')
  const stopped = await run('stop')
  t.is(stopped.status, 0)
  t.absent(isRunning(status.pid))
  t.absent(existsSync(join(home, 'control.sock')))
  t.is((await run('stop')).status, 69)
})

test('start - in the foreground it ends with 0 on SIGTERM, and logs JSON where nobody watches', async (t) => {
  const { begin } = await sheaf(t, await privateNetwork(t))
  const { child, ended } = begin('start', '--json')
  await until(child.stdout!, 'data')
  child.kill('SIGTERM')
  const { status, out, err } = await ended
  t.is(status, 0)
  t.is((JSON.parse(out) as { pid: number }).pid, child.pid)
  const messages = err
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: string }).msg)
  t.ok(messages.includes('started') && messages.includes('stopped'))
})

test('start - a daemon that cannot start says why, to whoever started it', async (t) => {
  const { home, run } = await sheaf(t, '127.0.0.1:1')
  const path = join(home, 'identity.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"entitySecret": "', '"entitySecret": "A'))
  for (const args of [['start'], ['start', '--daemon']]) {
    const { status, err } = await run(...args)
    t.is(status, 1)
    t.ok(/error: .*identity\.json: entitySecret: .*\(BAD_STORE\)\n/.test(err), JSON.stringify(err))
  }
})

test('bootstrap - says where its seeds are, and ends with 0 on SIGINT', async (t) => {
  const { begin } = await sheaf(t, '127.0.0.1:1')
  const port = await freePort('udp')
  const { child, ended } = begin('bootstrap', '--port', `${port}`, '--json')
  await until(child.stdout!, 'data')
  child.kill('SIGINT')
  const { status, out } = await ended
  t.is(status, 0)
  t.alike((JSON.parse(out) as { address: object[] }).address[0], { host: '127.0.0.1', port })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
