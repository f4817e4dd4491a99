import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { SCENARIOS } from '../../src/sim/simulation.ts'
import { fakeHome } from './fake-shell.ts'

test('sim - without a name lists the simulations', async (t) => {
  const { status, out } = await fakeHome(t).run(['sim'])
  t.is(status, 0)
  for (const name of Object.keys(SCENARIOS)) t.ok(out.includes(name))
})

test('sim - prints the seed first, one object last, and writes every event', async (t) => {
  const home = fakeHome(t)
  const trace = join(home.home, 'trace')
  const args = ['sim', 'spread', '--nodes', '6', '--seed', 's1', '--check', '--json', '--trace', trace]
  const { status, out } = await home.run(args)
  t.is(status, 0)
  const lines = out.trimEnd().split('\n')
  t.is(lines[0], 'seed s1')
  const result = JSON.parse(lines.at(-1)!) as Record<string, unknown>
  t.is(result.sim, 'spread')
  t.is(result.nodes, 6)
  t.is(result.crypto, 'real')
  t.is(result.readShare, 1)
  const events = readFileSync(trace, 'utf8').trimEnd().split('\n')
  t.ok(events.length > 100)
  t.ok(events.every((line) => 'ms' in (JSON.parse(line) as object)))
})

test('sim - refuses what it cannot run', async (t) => {
  for (const args of [
    ['nope'],
    ['spread', '--nodes', '0'],
    ['spread', '--nodes', 'x'],
    ['spread', '--crypto', 'no'],
    ['spread', '--seed', 'a b'],
    ['spread', '--what'],
    ['spread', '--nodes', '2'],
    ['spread', '--trace', '/nowhere/at/all'],
  ]) {
    const { status, out } = await fakeHome(t).run(['sim', ...args])
    t.alike([status, out], [64, ''], args.join(' '))
  }
})
