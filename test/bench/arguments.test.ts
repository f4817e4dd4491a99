import test from 'brittle'
import fc from 'fast-check'
import { readArguments } from '../../bench/harness/arguments.ts'
import { selectKinds } from '../../bench/harness/kinds.ts'
import { codeOf } from '../../src/base/errors.ts'

test('arguments - none at all means: list the benches', (t) => {
  t.alike(readArguments([]), {
    name: undefined,
    json: false,
    dataDir: undefined,
    pairs: 7,
    seconds: 300,
    only: undefined,
  })
})

test('arguments - options stand before or after the name', (t) => {
  const expected = {
    name: 'fetch',
    json: true,
    dataDir: 'dir',
    pairs: 2,
    seconds: 10,
    only: ['text', 'random'],
  }
  t.alike(
    readArguments([
      'fetch',
      '--json',
      '--data',
      'dir',
      '--pairs',
      '2',
      '--seconds',
      '10',
      '--only',
      'text,random',
    ]),
    expected,
  )
  t.alike(
    readArguments(['--only=text,random', '--pairs=2', '--seconds=10', '--data=dir', '--json', 'fetch']),
    expected,
  )
})

test('arguments - what is not understood is BAD_ARGUMENT', (t) => {
  const wrong = [['fetch', 'publish'], ['--fast'], ['--data'], ['--json=yes']]
  for (const argv of wrong)
    t.is(
      codeOf(() => readArguments(argv)),
      'BAD_ARGUMENT',
      argv.join(' '),
    )
  for (const pairs of ['0', '-1', '1.5', '100', '', 'many', '1e1']) {
    t.is(
      codeOf(() => readArguments([`--pairs=${pairs}`])),
      'BAD_ARGUMENT',
      `--pairs=${pairs}`,
    )
  }
})

test('arguments - any words are understood or refused with the code, never anything else', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 }), { maxLength: 6 }), (argv) => {
      const code = codeOf(() => readArguments(argv))
      return code === undefined || code === 'BAD_ARGUMENT'
    }),
  )
  t.pass()
})

test('kinds - all without --only, else those asked for in the order of the bench', (t) => {
  t.alike(selectKinds(['text', 'random'], undefined), ['text', 'random'])
  t.alike(selectKinds(['text', 'random', 'long'], ['long', 'text']), ['text', 'long'])
  t.is(
    codeOf(() => selectKinds(['text'], ['txet'])),
    'BAD_ARGUMENT',
  )
  t.is(
    codeOf(() => selectKinds(['text'], [])),
    'BAD_ARGUMENT',
  )
})
