/** `npm run bench` lists the benches; `npm run bench -- NAME [--json] [--data DIR]` runs one. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { asSheafError, SheafError } from '../src/base/errors.ts'
import { commit } from '../src/cli/commit.ts'
import { type BenchArguments, readArguments } from './harness/arguments.ts'
import type { Bench } from './harness/bench.ts'
import { availableVerification } from './harness/signature-rate.ts'
import { significant } from './harness/statistics.ts'

/** Each is `bench/NAME.ts`; the list is in the order in which they are shown. */
const BENCHES = [
  'fetch',
  'fetch-small',
  'session',
  'work',
  'cold',
  'idle',
  'publish',
  'count',
  'disk',
  'wiki',
  'render',
  'search',
]

/** Exit codes as the command line uses them: 1 for a failure, 64 for a wrong command line (sysexits). */
const EXIT_FAILED = 1
const EXIT_USAGE = 64

try {
  const options = readArguments(process.argv.slice(2))
  if (options.name === undefined) await list()
  else await runBench(options.name, options)
} catch (error) {
  const { code, message, hint } = asSheafError(error)
  process.stderr.write(`${code}: ${message}\n${hint === undefined ? '' : `try: ${hint}\n`}`)
  if (code === 'INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = code === 'BAD_ARGUMENT' ? EXIT_USAGE : EXIT_FAILED
}

async function list(): Promise<void> {
  for (const name of BENCHES.filter(isPresent)) {
    const { about } = await load(name)
    process.stdout.write(`${name.padEnd(12)}${about}\n`)
  }
  process.stdout.write(
    '\nnpm run bench -- NAME [--json] [--data DIR] [--pairs N] [--seconds N] [--only KIND,KIND]\n',
  )
}

async function runBench(
  name: string,
  { dataDir, json, pairs, seconds, only }: BenchArguments,
): Promise<void> {
  if (!BENCHES.includes(name) || !isPresent(name)) {
    throw new SheafError('BAD_ARGUMENT', `there is no bench ${name}`, { hint: 'npm run bench' })
  }
  const bench = await load(name)
  const absoluteDataDir = dataDir === undefined ? undefined : resolve(dataDir)
  const figures = await bench.run({ dataDir: absoluteDataDir, json, pairs, seconds, only })
  const result = {
    bench: name,
    commit: commit(),
    node: process.version,
    verify: availableVerification(),
    ...figures,
  }
  process.stdout.write(`${JSON.stringify(result, rounded, json ? undefined : 2)}\n`)
}

function isPresent(name: string): boolean {
  return existsSync(benchUrl(name))
}

async function load(name: string): Promise<Bench> {
  return (await import(benchUrl(name).href)) as Bench
}

function benchUrl(name: string): URL {
  return new URL(`./${name}.ts`, import.meta.url)
}

/** Numbers as the machine gave them have digits that mean nothing: six are more than any of them is good for. */
function rounded(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value
  return significant(value, 6)
}
