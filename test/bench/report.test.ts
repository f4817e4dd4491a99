import test from 'brittle'
import fc from 'fast-check'
import { barChart, resultChart } from '../../bench/harness/chart.ts'
import { reaches } from '../../bench/harness/lines.ts'
import { readResults } from '../../bench/harness/result.ts'
import { resultTable } from '../../bench/harness/table.ts'
import { codeOf } from '../../src/base/errors.ts'

const RESULT = {
  bench: 'fetch',
  commit: 'abc',
  node: 'v20',
  verify: 'native',
  notMeasured: { hypercore: 'a reason | with a bar' },
  text: {
    pagesPerS: 6543.21,
    vsRpcLevel: 1.75,
    vsHypercore: null,
    vsRpcLevelRange: [1.6, 1.9],
    sides: { sheaf: { pagesPerS: 6543.21 }, 'rpc-level': { pagesPerS: 3700, concurrency: 32 } },
  },
  random: { vsRpcLevel: 1.1, sides: { sheaf: { pagesPerS: 4000 } } },
}

test('report - a result is found among the lines that npm writes', (t) => {
  const results = readResults(`\n> sheaf@0.1.0 bench\n${JSON.stringify(RESULT)}\n`)
  t.is(results.length, 1)
  t.is(results[0]!.bench, 'fetch')
})

test('report - the table says which figures reach their line and which were not measured', (t) => {
  const table = resultTable(readResults(JSON.stringify(RESULT))[0]!)
  t.ok(table.includes('| text.vsRpcLevel | 1.75 | ≥ 1.7 | yes |'))
  t.ok(table.includes('| random.vsRpcLevel | 1.1 | ≥ 1.2 | no |'))
  t.ok(table.includes('| text.vsHypercore | not measured | ≥ 4 |  |'))
  t.ok(table.includes('| text.vsRpcLevelRange | 1.6, 1.9 |  |  |'))
  t.ok(table.includes('a reason \\| with a bar'))
  t.ok(table.includes('| text | sheaf | rpc-level |'))
  t.ok(table.includes('| concurrency |  | 32 |'))
})

test('report - the chart has a bar for each side of each kind, the longest as wide as there is room', (t) => {
  const chart = resultChart(readResults(JSON.stringify(RESULT))[0]!)!
  t.is(chart.match(/<rect /g)?.length, 3)
  t.ok(chart.includes('text, rpc-level'))
  t.ok(chart.includes('width="380.0"'))
  t.absent(resultChart({ ...readResults(JSON.stringify(RESULT))[0]!, bench: 'another' }))
})

test('report - names that hold markup stay text', (t) => {
  const chart = barChart('a < b & c', [{ group: '', label: '<script>', value: 0 }])
  t.absent(chart.includes('<script>'))
  t.ok(chart.includes('a &lt; b &amp; c'))
})

test('report - a line counts from its own value on', (t) => {
  t.ok(reaches({ atLeast: 2 }, 2))
  t.absent(reaches({ atLeast: 2 }, 1.99))
  t.ok(reaches({ atMost: 15 }, 15))
  t.absent(reaches({ atMost: 15 }, 15.1))
})

test('report - what is no result is BAD_FORMAT', (t) => {
  for (const text of ['', 'no json', '{"bench":"fetch"}', '{"bench":']) {
    t.is(
      codeOf(() => readResults(text)),
      'BAD_FORMAT',
      text,
    )
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => codeOf(() => readResults(text)) === 'BAD_FORMAT'),
  )
})
