import test from 'brittle'
import { ERROR_CODES, SheafError } from '../../src/base/errors.ts'
import { idToText } from '../../src/base/text-id.ts'
import { EXIT_OF, EXIT_STATUSES } from '../../src/cli/exit.ts'
import { COMMAND_NAMES } from '../../src/cli/program.ts'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

test('sheaf - alone it is one screen: commands in groups, exit statuses, where to begin', async (t) => {
  const { status, out, err } = await fakeHome(t).run([])
  t.is(status, 0)
  t.is(err, '')
  const lines = out.split('\n')
  t.ok(lines.length <= 80)
  t.ok(lines.every((line) => line.length <= 110))
  for (const verb of COMMAND_NAMES) t.ok(new RegExp(`^  ${verb} `, 'm').test(out), verb)
  for (const [number, meaning] of EXIT_STATUSES) t.ok(out.includes(`${number} ${meaning}`), meaning)
})

test('sheaf - every error code ends with one of the statuses', (t) => {
  const statuses: readonly number[] = EXIT_STATUSES.map(([status]) => status)
  t.alike(Object.keys(EXIT_OF).sort(), [...ERROR_CODES].sort())
  for (const code of ERROR_CODES) t.ok(statuses.includes(EXIT_OF[code]) && EXIT_OF[code] !== 0, code)
  t.alike(
    (['INTERNAL', 'CANCELLED', 'NOT_FOUND', 'NO_IDENTITY', 'REFUSED', 'BAD_SIGNATURE'] as const).map(
      (code) => EXIT_OF[code],
    ),
    [1, 2, 3, 4, 5, 6],
  )
})

test('sheaf - every command explains itself with an example', async (t) => {
  const home = fakeHome(t)
  for (const verb of COMMAND_NAMES) {
    const { status, out, err } = await home.run([verb, '--help'])
    t.is(status, 0, verb)
    t.is(err, '')
    t.ok(new RegExp(`^  \\$ sheaf (--home \\S+ )?${verb}`, 'm').test(out), `${verb} has an example`)
    t.ok(out.includes('--json'), `${verb} takes --json`)
  }
  const whole = await home.run(['--help'])
  t.ok(COMMAND_NAMES.every((verb) => whole.out.includes(`  ${verb}`)))
})

test('sheaf - what is typed wrong ends with 64, says what, and how to learn more', async (t) => {
  const home = fakeHome(t)
  const cases: [string[], RegExp][] = [
    [['publsh'], /^error: unknown command 'publsh'.*\nhint: sheaf --help\n$/],
    [['status', '--colour'], /^error: unknown option '--colour'.*\nhint: sheaf status --help\n$/],
    [['get'], /^error: missing required argument.*\nhint: sheaf get --help\n$/],
    [['stop', 'now'], /^error: too many arguments.*\nhint: sheaf stop --help\n$/],
    [['--home'], /^error: .*argument missing/],
    [['list', 'garden'], /^error: no daemon is running here/],
    [['start', '--port', 'x'], /^error: --port is a whole number from 0 to 65535, not "x"/],
    [['bootstrap', '--port', '0'], /^error: --port takes/],
    [['get', 'a', '--timeout', '-1'], /^error: .*--timeout/],
    [['get', 'a', '--timeout', '61'], /^error: --timeout takes seconds, at most 60/],
    [['search', 'a', '--timeout', '0'], /^error: --timeout takes more than 0 seconds/],
    [['publish'], /^error: missing required argument/],
  ]
  for (const [args, expected] of cases) {
    const { status, out, err } = await home.run(args)
    t.is(status, args[0] === 'list' ? 69 : 64, args.join(' '))
    t.is(out, '')
    t.ok(expected.test(err), JSON.stringify(err))
  }
  const { status, err } = await home.run(['status', '--colour', '--json'])
  t.is(status, 64)
  t.is((JSON.parse(err) as { error: { code: string } }).error.code, 'BAD_ARGUMENT')
})

test('sheaf - a hint names the home that the command named', async (t) => {
  const home = fakeHome(t)
  const plain = await home.run(['--home', 'other', 'status'])
  t.is(plain.status, 69)
  t.ok(plain.err.includes('hint: sheaf --home other start --daemon\n'))
  const odd = await home.run(['status', '--home', "it's $1"])
  t.ok(odd.err.includes(`hint: sheaf --home 'it'\\''s $1' start --daemon\n`), 'quoted as a shell wants it')
})

test('sheaf - a failure of the daemon is told with its code, hint and who was asked', async (t) => {
  const home = await servedHome(
    t,
    fakeNode({
      peers: () => {
        throw new SheafError('BUSY', 'too much at once\nerror: \u001b[2J', { hint: 'sheaf status' })
      },
    }),
  )
  const missing = await home.run(['get', 'none'])
  t.is(missing.status, 3)
  t.is(missing.err, 'error: no version of this page (NOT_FOUND)\nasked 2 peers: unknown 1, unreachable 1\n')
  const json = await home.run(['get', 'none', '--json'])
  t.is(json.out, '')
  const { error } = JSON.parse(json.err) as { error: { code: string; asked: object[] } }
  t.is(error.code, 'NOT_FOUND')
  t.is(error.asked.length, 2)
  const busy = await home.run(['peers'])
  t.is(busy.status, 75)
  t.is(
    busy.err,
    'error: too much at once error: \\u{1b}[2J (BUSY)\nhint: sheaf status\n',
    'in one line, harmless',
  )
})

test('sheaf - what is cancelled ends with 2', async (t) => {
  const home = await servedHome(t, fakeNode())
  const { status, err } = await home.run(['status'], { signal: AbortSignal.abort() })
  t.is(status, 2)
  t.ok(err.startsWith('error: cancelled'))
})

test('sheaf - version and paths need no daemon', async (t) => {
  const home = fakeHome(t)
  t.ok(/^\d+\.\d+\.\d+\n$/.test((await home.run(['--version'])).out))
  const paths = await home.run(['paths', '--json'])
  t.alike(JSON.parse(paths.out), { ...home.paths })
  const other = await home.run(['--home', 'sub', 'paths'])
  t.ok(other.out.includes(`${home.home}/sub/identity.json`))
})

test('status, peers - say how things are, to people and to programs', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const entity = idToText(node.entity)
  const status = await home.run(['status'])
  t.ok(status.out.includes(`entity      @${entity}\n`))
  t.ok(status.out.includes('running     90 s'))
  t.ok(status.out.includes('3 blocks, 4.6 KiB of 1.0 GiB'))
  t.ok(status.out.includes('reachable   seen as 192.0.2.7:49737, by whom it calls\n'))
  t.ok(status.out.includes("clock       5 min behind 6 peers: set this machine's clock\n"))
  t.is((await home.run(['status', '-q'])).out, `${entity}\n`)
  const json = JSON.parse((await home.run(['status', '--json'])).out) as { entity: string }
  t.is(json.entity, entity)
  const peers = await home.run(['peers'])
  t.is(peers.out.split('\n').length, 3)
  t.ok(/ {2}open {5}yes {4}0\.50 {3}60 s {7}thanked\n/.test(peers.out))
  t.is((await home.run(['stop', '--json'])).out, `{"pid":${process.pid},"isStopped":true}\n`)
  t.is(node.stops, 1)
})
