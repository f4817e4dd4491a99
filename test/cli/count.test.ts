import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'brittle'
import { Command } from 'commander'
import { BLT_BYTES_MAX } from '../../src/agr/stv/blt.ts'
import { RULES } from '../../src/agr/stv/rule.ts'
import type { Transcript } from '../../src/agr/stv/transcript.ts'
import { asSheafError, type ErrorCode } from '../../src/base/errors.ts'
import { registerCount } from '../../src/cli/count.ts'

const EXAMPLE = new URL('../../examples/count.md', import.meta.url)
const CLUB = '3 2\n5 1 2 0\n2 2 0\n3 3 0\n0\n"Ann" "Ben" "Cal"\n"Club"\n'

test('cli count - the manual page shows what the command prints', async (t) => {
  const folder = folderFor(t)
  const page = readFileSync(EXAMPLE, 'utf8')
  let commands = 0
  for (const [, kind, name, body = ''] of page.matchAll(/^```(blt|console) ?(\S*)\n(.*?)^```$/gms)) {
    if (kind === 'blt') writeFileSync(join(folder, name ?? ''), body)
    else {
      const [, command = '', output] = /^\$ sheaf (.*?)\n(.*)$/s.exec(body) ?? []
      const args = command.split(' ').map((word) => (word.endsWith('.blt') ? join(folder, word) : word))
      t.is(await run(...args), output, command)
      commands++
    }
  }
  t.ok(commands >= 3)
})

test('cli count - json is one object with the documented fields, numbers as exact text', async (t) => {
  const file = fileFor(t, CLUB)
  const exact = JSON.parse(await run('count', file, '--json')) as Transcript
  t.is(exact.rule, 'wigm-exact/1')
  t.is(exact.seats, 2)
  t.alike(exact.candidates, ['Ann', 'Ben', 'Cal'])
  t.is(exact.quota, '10/3')
  t.alike(exact.elected, [1, 2])
  t.alike(exact.stages[1]?.totals, ['10/3', '11/3', '3'])
  t.is(exact.stages[1]?.exhausted, '0')
  t.alike(exact.stages[1]?.action, { type: 'surplus', candidate: 1, surplus: '5/3' })
  t.alike(exact.lots, [])
  const scottish = JSON.parse(await run('count', file, '--json', '--rule', 'scottish/1')) as Transcript
  t.is(scottish.quota, '4')
  t.alike(scottish.stages[1]?.totals, ['4.00000', '3.00000', '3.00000'])
  t.is(await run('count', file, '--json'), await run('count', file, '--json'), 'and the same again')
})

test('cli count - rule, seats, seed, status quo and "re-open nominations" come from the command line', async (t) => {
  const file = fileFor(t, '2 2\n3 1 0\n3 2 0\n0\n"A" "B"\n"T"\n')
  const json = async (...args: string[]) =>
    JSON.parse(await run('count', file, '--json', ...args)) as Transcript
  for (const rule of Object.keys(RULES)) t.is((await json('--rule', rule)).rule, rule)
  t.is((await json('--seats', '9')).rule, 'wigm-fixed/1')
  t.alike((await json('--seats', '1', '--keep', '2')).elected, [2])
  t.alike((await json('--seats', '1', '--keep', '1')).elected, [1])
  t.is((await json('--ron', '2')).reopened, 1)
  t.unlike((await json('--seed', 'x')).seed, (await json()).seed)
})

test('cli count - a wrong file or option has a code and one line', async (t) => {
  const file = fileFor(t, CLUB)
  const folder = folderFor(t)
  const big = fileFor(t, Buffer.alloc(BLT_BYTES_MAX + 1))
  const wrong: [ErrorCode, ...string[]][] = [
    ['NOT_FOUND', join(folder, 'none.blt')],
    ['BAD_ARGUMENT', folder],
    ['TOO_LARGE', big],
    ['TRUNCATED', fileFor(t, '')],
    ['BAD_FORMAT', fileFor(t, '2 1\n1 1=2 0\n0\n"A" "B"')],
    ['BAD_TEXT', fileFor(t, Buffer.of(0xff))],
    ['BAD_ARGUMENT', file, '--rule', 'borda/1'],
    ['BAD_ARGUMENT', file, '--seats', '0'],
    ['BAD_ARGUMENT', file, '--seats', '-1'],
    ['BAD_ARGUMENT', file, '--seats', '1e1'],
    ['BAD_ARGUMENT', file, '--seats', '99999999999999999999'],
    ['BAD_ARGUMENT', file, '--seats', '9', '--rule', 'wigm-exact/1'],
    ['BAD_ARGUMENT', file, '--keep', '4'],
    ['BAD_ARGUMENT', file, '--ron', '0'],
  ]
  for (const [code, ...args] of wrong) {
    try {
      await run('count', ...args)
      t.fail(args.join(' '))
    } catch (error) {
      const failure = asSheafError(error)
      t.is(failure.code, code, failure.message)
      t.absent(failure.message.includes('\n'))
    }
  }
})

test('cli count - the help has an example and every rule', (t) => {
  let help = ''
  const program = new Command('sheaf').configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  registerCount(program)
  program.commands[0]?.outputHelp()
  t.ok(help.includes('$ sheaf count '))
  for (const rule of Object.keys(RULES)) t.ok(help.includes(rule), rule)
})

/** What the command writes to stdout. */
async function run(...args: string[]): Promise<string> {
  let output = ''
  const program = new Command('sheaf').exitOverride()
  registerCount(program, (text) => {
    output += text
  })
  await program.parseAsync(args, { from: 'user' })
  return output
}

interface Teardown {
  teardown(fn: () => unknown): void
}

function folderFor(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'count-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function fileFor(t: Teardown, content: string | Uint8Array): string {
  const file = join(folderFor(t), 'poll.blt')
  writeFileSync(file, content)
  return file
}
