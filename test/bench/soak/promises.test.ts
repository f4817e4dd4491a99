/** The judge of traces, on two that were recorded: a publisher and a keeper, four publishes, a restart in the middle. */
import { readFileSync } from 'node:fs'
import test from 'brittle'
import { judge, type Verdict } from '../../../bench/soak/sync/promises.ts'
import { type Call, callsIn, fileOf } from '../../../bench/soak/sync/trace.ts'

const recorded = (name: string): string[] =>
  readFileSync(new URL(`../../fixtures/traces/${name}.trace`, import.meta.url), 'utf8').split('\n')
const verdict = (lines: string[]): Verdict => judge(callsIn(lines))
/** A line of a trace; its time is its place. */
const trace = (...calls: string[]): string[] => calls.map((call, i) => `7 ${i}.000001 ${call}`)

const WRITE = 'write(3</h/index/000003.log>, "", 9) = 9'
const SYNC = 'fdatasync(4</h/index/000003.log>) = 0'
const PROMISE = String.raw`write(2</h.log>, "{\"msg\":\"promised outbox\"}\n", 26) = 26`
const STORED = String.raw`writev(5<socket:[1]>, [{iov_base="{\"type\":\"stored\"}"}], 1) = 17`
const DONE = String.raw`writev(5<socket:[1]>, [{iov_base="{\"type\":\"done\"}"}], 1) = 15`
const SHELVED = String.raw`write(2</h.log>, "{\"msg\":\"promised shelf\"}\n", 25) = 25`
const KEPT = String.raw`write(2</h.log>, "{\"msg\":\"kept\"}\n", 15) = 15`

test('trace - a call is seen to begin and to end, also where another one comes between', (t) => {
  const calls = [
    ...callsIn([
      '7 1.5 write(3</h/a.log>, "x) = 1", 6) = 6',
      '8 1.6 fdatasync(4</h/a.log> <unfinished ...>',
      '7 1.7 +++ exited with 0 +++',
      '8 1.8 <... fdatasync resumed>) = 0',
      'not a line of strace',
    ]),
  ]
  t.alike(
    calls.map(({ phase, pid, name, args, result }) => [phase, pid, name, args, result]),
    [
      ['begin', 7, 'write', '3</h/a.log>, "x) = 1", 6', ''],
      ['end', 7, 'write', '3</h/a.log>, "x) = 1", 6', '6'],
      ['begin', 8, 'fdatasync', '4</h/a.log>', ''],
      ['end', 8, 'fdatasync', '4</h/a.log>', '0'],
    ],
  )
  t.is(fileOf('3</h/a.log>, "x"'), '/h/a.log')
  t.is(fileOf('3<socket:[12]>, "x"'), undefined)
})

test('promises - what was recorded of a publisher and a keeper is safe', (t) => {
  for (const name of ['publisher', 'keeper']) {
    const { findings, promised, stored, kept, writes, syncs } = verdict(recorded(name))
    t.alike(findings, [], name)
    t.ok(promised === 4 && stored + kept >= 4 && writes > 20 && syncs > 20, `${name}: ${promised} promises`)
  }
})

test('promises - without its syncs, or with those of one log alone, a trace is not safe', (t) => {
  for (const name of ['publisher', 'keeper']) {
    const without = (pattern: RegExp): string[] => recorded(name).filter((line) => !pattern.test(line))
    t.ok(verdict(without(/f(data)?sync/)).findings.length >= 4, `${name} without any`)
    for (const log of ['feeds/db', 'index']) {
      const findings = verdict(without(new RegExp(`fdatasync\\(\\d+</h/[a-z]+/${log}/`))).findings
      t.ok(
        findings.some((finding) => finding.includes(`/${log}/`)),
        `${name} without those of ${log}`,
      )
    }
    t.ok(verdict(without(/fsync\(\d+<.*\/index>/)).findings.length > 0, `${name} without that of a folder`)
  }
})

test('promises - a sync counts for what had been written when it began, and only when it is over', (t) => {
  const faults = (...calls: string[]): number => verdict(trace(...calls)).findings.length
  t.is(faults(WRITE, SYNC, PROMISE), 0)
  t.is(faults(WRITE, PROMISE), 1)
  t.is(faults(SYNC, WRITE, PROMISE), 1)
  t.is(faults(WRITE, SYNC, WRITE, PROMISE), 1)
  t.is(faults(WRITE, 'fdatasync(4</h/index/000003.log>) = -1 EIO (Input/output error)', PROMISE), 1)
  t.is(faults(WRITE, 'fdatasync(4</h/notes/000003.log>) = 0', PROMISE), 1)
  const [begun, over] = ['fdatasync(4</h/index/000003.log> <unfinished ...>', '<... fdatasync resumed>) = 0']
  t.is(verdict([...trace(WRITE, begun!), `9 3.1 ${PROMISE}`, `7 4.1 ${over}`]).findings.length, 1)
  t.is(
    verdict([...trace(WRITE, begun!), `9 3.1 ${WRITE}`, `7 4.1 ${over}`, `9 5.1 ${PROMISE}`]).findings.length,
    1,
  )
})

test('promises - a rehearsal promises nobody anything', (t) => {
  const rehearsed = WRITE.replace('/h/index', '/h/rehearsal/index')
  t.alike(verdict(trace(rehearsed, PROMISE)).findings, [])
  t.is(verdict(trace(rehearsed, WRITE, PROMISE)).findings.length, 1)
})

test('promises - no word leaves before the store has answered', (t) => {
  const faults = (...calls: string[]): number => verdict(trace(...calls)).findings.length
  t.is(faults(PROMISE, STORED, DONE, PROMISE, STORED, DONE), 0)
  t.is(faults(STORED), 1)
  t.is(faults(PROMISE, STORED, DONE, STORED), 1)
  t.is(faults(SHELVED, KEPT), 0)
  t.is(faults(SHELVED, KEPT, KEPT), 1)
})

test('promises - a log is made in a folder that is synced, and goes after its tables are', (t) => {
  const faults = (...calls: string[]): number => verdict(trace(...calls)).findings.length
  const made =
    'openat(AT_FDCWD</h>, "/h/index/000003.log", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3</h/index/000003.log>'
  t.is(faults(made, WRITE, SYNC, PROMISE), 1)
  t.is(faults(made, WRITE, SYNC, 'fsync(6</h/index>) = 0', PROMISE), 0)
  const table = 'write(8</h/index/000005.ldb>, "", 9) = 9'
  const gone = 'unlink("/h/index/000003.log") = 0'
  t.is(faults(WRITE, table, gone), 1)
  t.is(faults(WRITE, table, 'fdatasync(8</h/index/000005.ldb>) = 0', gone, PROMISE), 0)
})

test('promises - lines of any kind are read without harm', (t) => {
  const lines = [
    '',
    '7',
    '7 1.0',
    '7 1.0 x',
    '7 1.0 <... write resumed>) = 1',
    `7 1.0 write(${'<'.repeat(999)}) = 1`,
  ]
  const calls: Call[] = [...callsIn(lines)]
  t.ok(calls.length <= lines.length * 2)
  t.alike(judge(calls).findings, [])
})
