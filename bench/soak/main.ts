/**
 * `npm run soak` lists the long runs; `npm run soak -- NAME [--seed S] [--json]` runs one.
 *
 * A run prints its seed first. With `--json` the last line of stdout is one object. The exit status is
 * 0 where everything held, 1 where something did not or the run could not be made, 64 for a wrong
 * command line and 130 after Ctrl-C.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { asSheafError, SheafError } from '../../src/base/errors.ts'
import { readSoakArguments } from './arguments.ts'
import type { Soak, SoakReport } from './soak.ts'

/** Each is `bench/soak/NAME.ts`, in the order in which they are shown. */
const SOAKS = ['kill', 'sync', 'hostile', 'churn']

const EXIT_FAILED = 1
const EXIT_USAGE = 64
const EXIT_CANCELLED = 130

try {
  const [name, ...rest] = process.argv.slice(2)
  if (name === undefined) await list()
  else process.exitCode = await runSoak(name, rest)
} catch (error) {
  const { code, message, hint } = asSheafError(error)
  process.stderr.write(`${code}: ${message}\n${hint === undefined ? '' : `try: ${hint}\n`}`)
  if (code === 'INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode =
    code === 'BAD_ARGUMENT' ? EXIT_USAGE : code === 'CANCELLED' ? EXIT_CANCELLED : EXIT_FAILED
}

async function list(): Promise<void> {
  for (const name of SOAKS.filter(isPresent)) {
    const { about, numbers, plants } = await load(name)
    process.stdout.write(`${name.padEnd(10)}${about}\n`)
    for (const [option, { help, default: usual }] of Object.entries(numbers))
      process.stdout.write(`${' '.repeat(12)}--${option} N  ${help} (${usual})\n`)
    for (const [plant, help] of Object.entries(plants))
      process.stdout.write(`${' '.repeat(12)}--plant ${plant}  ${help}: the run must fail\n`)
  }
  process.stdout.write('\nnpm run soak -- NAME [--seed S] [--json]\n')
}

/** The exit status. */
async function runSoak(name: string, argv: readonly string[]): Promise<number> {
  if (!SOAKS.includes(name) || !isPresent(name))
    throw new SheafError('BAD_ARGUMENT', `there is no soak ${name}`, { hint: 'npm run soak' })
  const soak = await load(name)
  const { json, numbers, plant, seed: given } = readSoakArguments(argv, soak)
  const seed = given ?? randomBytes(4).toString('hex')
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  process.stdout.write(`seed ${seed}\n`)
  const begunMs = performance.now()
  const report = await soak.run({ seed, numbers, plant, say, signal: interruption() })
  const seconds = Math.round((performance.now() - begunMs) / 1000)
  if (json) print({ soak: name, seed, ...numbers, plant: plant ?? null, seconds, ...report })
  else show(name, report, seconds)
  return report.findings.length === 0 ? 0 : EXIT_FAILED
}

function print({ findings, figures, ...words }: SoakReport & Record<string, unknown>): void {
  const result = { ...words, isPassed: findings.length === 0, ...figures, findings }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function show(name: string, { figures, findings }: SoakReport, seconds: number): void {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`)
  for (const finding of findings) process.stdout.write(`found: ${finding}\n`)
  const verdict = findings.length === 0 ? 'passed' : `failed, ${findings.length} findings`
  process.stdout.write(`${name}: ${verdict}, after ${seconds} s\n`)
}

/** A second Ctrl-C ends at once; the children notice that their parent is gone. */
function interruption(): AbortSignal {
  const ending = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(EXIT_CANCELLED)
      ending.abort(new SheafError('CANCELLED', 'the run was ended'))
    })
  }
  return ending.signal
}

function isPresent(name: string): boolean {
  return existsSync(soakUrl(name))
}

async function load(name: string): Promise<Soak> {
  return ((await import(soakUrl(name).href)) as { soak: Soak }).soak
}

function soakUrl(name: string): URL {
  return new URL(`./${name}.ts`, import.meta.url)
}
