import test from 'brittle'
import { readSoakArguments } from '../../../bench/soak/arguments.ts'
import { SheafError } from '../../../src/base/errors.ts'

const KNOWN = {
  numbers: { runs: { help: 'how often', default: 100, min: 1, max: 1_000 } },
  plants: { 'early-ack': 'answers before it writes' },
}

test('soak arguments - what is not said has its default', (t) => {
  t.alike(readSoakArguments([], KNOWN), {
    seed: undefined,
    json: false,
    plant: undefined,
    numbers: { runs: 100 },
  })
})

test('soak arguments - seed, numbers and plant are taken as they were given', (t) => {
  t.alike(readSoakArguments(['--seed', 'a1', '--json', '--runs', '3', '--plant', 'early-ack'], KNOWN), {
    seed: 'a1',
    json: true,
    plant: 'early-ack',
    numbers: { runs: 3 },
  })
})

test('soak arguments - what it does not know is refused', (t) => {
  for (const argv of [
    ['--runs', '0'],
    ['--runs', '1001'],
    ['--runs', 'x'],
    ['--runs', '-1'],
    ['--seed', 'a b'],
    ['--plant', 'other'],
    ['--plant', 'toString'],
    ['--what'],
    ['more'],
  ]) {
    try {
      readSoakArguments(argv, KNOWN)
      t.fail(argv.join(' '))
    } catch (error) {
      t.is(error instanceof SheafError && error.code, 'BAD_ARGUMENT', argv.join(' '))
    }
  }
})
