/**
 * Turns the JSON lines of benches into markdown tables on stdout and, with `--svg DIR`, a bar chart a bench.
 *
 *     npm run --silent bench -- fetch --json >> results.jsonl
 *     node --import tsx bench/report.ts results.jsonl --svg pictures
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { resultChart } from './harness/chart.ts'
import { readResults } from './harness/result.ts'
import { resultTable } from './harness/table.ts'

const STDIN = 0

const { values, positionals } = parseArgs({ allowPositionals: true, options: { svg: { type: 'string' } } })
const sources = positionals.length === 0 ? [STDIN] : positionals
const results = sources.flatMap((source) => readResults(readFileSync(source, 'utf8')))

process.stdout.write(results.map(resultTable).join('\n'))
if (values.svg !== undefined) {
  mkdirSync(values.svg, { recursive: true })
  for (const result of results) {
    const chart = resultChart(result)
    if (chart !== undefined) writeFileSync(join(values.svg, `${result.bench}.svg`), chart)
  }
}
