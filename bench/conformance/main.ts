/**
 * `npm run conformance -- --data DIR NAME [--json]`: holds Sheaf against records of the world
 * outside. Prints counts and exits with 6 where something differs.
 */

import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** What every suite gives: how many checks of each kind were made, and what differed. */
export interface ConformanceReport {
  readonly checked: Record<string, number>
  readonly differences: readonly string[]
  /** Said to a person besides the counts. */
  readonly notes: readonly string[]
}

type Suite = (dataDir: string) => Promise<ConformanceReport> | ConformanceReport

/** Each suite is loaded only when it is asked for. */
const SUITES: Record<string, () => Promise<Suite>> = {
  elections: async () => (await import('./elections.ts')).checkElections,
  history: async () => (await import('./history.ts')).checkHistory,
}

/** Of many differences this many are printed. */
const SHOWN_MAX = 20

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let parsed: { values: { data?: string; json?: boolean }; positionals: string[] }
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { data: { type: 'string' }, json: { type: 'boolean' } },
    })
  } catch (error) {
    return misused((error as Error).message)
  }
  const [name, ...rest] = parsed.positionals
  const load = name === undefined || !Object.hasOwn(SUITES, name) ? undefined : SUITES[name]
  if (load === undefined || rest.length > 0)
    return misused(`which suite? ${Object.keys(SUITES).join(' or ')}`)
  const { data, json } = parsed.values
  if (data === undefined || !existsSync(data)) return misused('--data names no folder')

  let report: ConformanceReport
  try {
    report = await (await load())(data)
  } catch (error) {
    // a folder without the suite's files
    console.error(`conformance: ${(error as Error).message.split('\n')[0]}`)
    return 1
  }
  if (json) console.log(JSON.stringify({ suite: name, ...report }))
  else print(report)
  return report.differences.length > 0 ? 6 : 0
}

function print({ checked, differences, notes }: ConformanceReport): void {
  for (const note of notes) console.log(note)
  for (const [what, count] of Object.entries(checked)) console.log(`${String(count).padStart(7)}  ${what}`)
  for (const difference of differences.slice(0, SHOWN_MAX)) console.log(`differs: ${difference}`)
  console.log(`${String(differences.length).padStart(7)}  differences`)
}

function misused(message: string): number {
  console.error(`conformance: ${message}`)
  console.error('hint: npm run conformance -- --data DIR elections')
  return 64
}
