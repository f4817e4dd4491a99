/** `sheaf sim`: runs a whole network in this process, in virtual time, and checks what it promised. It needs no node and no identity. */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { CryptoName } from '../sim/crypto.ts'
import { NODES_MAX, SCENARIOS, type SimulationReport, simulate, sizedScenario } from '../sim/simulation.ts'
import type { TraceLine } from '../sim/world.ts'
import { type Cli, examples, jsonLine } from './cli.ts'
import { commit } from './commit.ts'
import { columns, count } from './shown.ts'

interface SimOptions {
  readonly nodes?: string
  readonly seed?: string
  readonly crypto?: string
  readonly trace?: string
  readonly check?: boolean
  readonly json?: boolean
}

const SEED = /^[\w.-]{1,64}$/
/** Up to here the real signatures are quick enough. */
const REAL_CRYPTO_NODES_MAX = 60
const CRYPTO_TEXT: Record<CryptoName, string> = {
  real: 'real signatures',
  cheap: 'cheap signatures: checked, but anybody could make them; work is cheaper by the same hundred',
}
/** Lines of a trace are written so many bytes at a time. */
const TRACE_BYTES = 1 << 20

export function register(program: Command, cli: Cli): void {
  program
    .command('sim')
    .summary('simulate a network, and check it')
    .description(
      'Runs many nodes in this process under virtual time, over links that lose packets, and checks what they promised. ' +
        'One seed gives one run, to the byte. Without a name: the list of simulations.',
    )
    .argument('[NAME]', 'which simulation')
    .option('--nodes <N>', 'how many nodes')
    .option('--seed <S>', 'what all chance is drawn from; else one is drawn')
    .option('--crypto <KIND>', `real or cheap; real up to ${REAL_CRYPTO_NODES_MAX} nodes, unless given`)
    .option('--trace <FILE>', 'write every event to a file, one line of JSON each')
    .option('--check', 'fail where a check fails')
    .option('--json', 'the result as one JSON object, on the last line')
    .addHelpText('after', examples('sheaf sim spread --nodes 50 --seed 1 --check', 'sheaf sim crash --json'))
    .action((name: string | undefined, options: SimOptions) =>
      name === undefined ? list(cli) : sim(cli, name, options),
    )
}

async function list({ shell }: Cli): Promise<void> {
  const rows = Object.entries(SCENARIOS).map(([name, { about, nodes }]) => [name, `${nodes} nodes`, about])
  await shell.out(columns(rows))
}

async function sim({ shell }: Cli, name: string, options: SimOptions): Promise<void> {
  const { nodes: size } = sizedScenario(name, nodesArgument(options.nodes))
  const seed = seedArgument(options.seed)
  const crypto = cryptoArgument(options.crypto, size)
  const trace = options.trace === undefined ? undefined : openTrace(resolve(shell.cwd, options.trace))
  await shell.out(`seed ${seed}\n`)
  if (options.json !== true) await shell.out(`crypto ${crypto} (${CRYPTO_TEXT[crypto]})\n`)
  const startedMs = performance.now()
  let report: SimulationReport
  try {
    report = await simulate({
      name,
      seed,
      nodes: size,
      crypto,
      trace: trace?.write,
      say: (line) => {
        if (options.json !== true) shell.err(`${line}\n`)
      },
    })
  } finally {
    trace?.close()
  }
  const { figures, checks, findings } = report
  const failed = Object.entries(checks).filter(([, found]) => found > 0)
  if (options.json === true) {
    const run = { sim: name, seed, commit: commit(), nodes: size, crypto, ...usedSince(startedMs) }
    const result = { ...run, ...figures, checks, findings }
    await shell.out(jsonLine(result))
  } else {
    await shell.out(textOf(report))
    const { wallSeconds, cpuSeconds, maxRssMb } = usedSince(startedMs)
    shell.err(`${wallSeconds} s, ${cpuSeconds} s of processor, ${maxRssMb} MB at most\n`)
  }
  if (options.check === true && failed.length > 0) {
    const names = failed.map(([check]) => check).join(', ')
    throw new SheafError('INTERNAL', `${count(failed.length, 'check')} failed: ${names}`, {
      hint: `sheaf sim ${name} --nodes ${size} --seed ${seed} --crypto ${crypto} --trace FILE`,
    })
  }
}

/** What the run took; the processor's time and the memory are those of the whole process. */
function usedSince(startedMs: number): { wallSeconds: number; cpuSeconds: number; maxRssMb: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return {
    wallSeconds: Math.round((performance.now() - startedMs) / 1_000),
    cpuSeconds: Math.round((userCPUTime + systemCPUTime) / 1_000_000),
    maxRssMb: Math.round(maxRSS / 1024),
  }
}

function textOf({ figures, checks, findings }: SimulationReport): string {
  const rounded = Object.entries(figures).map(([what, value]) => [what, `${Math.round(value * 1000) / 1000}`])
  const said = Object.entries(checks).map(([check, found]) => [check, found === 0 ? 'ok' : `${found} found`])
  const told = findings.map(({ check, message }) => `${check}: ${message}\n`).join('')
  return `${columns(rounded)}\n${columns(said)}${told === '' ? '' : `\n${told}`}`
}

function nodesArgument(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const nodes = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (nodes >= 1 && nodes <= NODES_MAX) return nodes
  throw new SheafError('BAD_ARGUMENT', `--nodes takes a whole number from 1 to ${NODES_MAX}`)
}

function seedArgument(text: string | undefined): string {
  if (text === undefined) return randomBytes(4).toString('hex')
  if (SEED.test(text)) return text
  throw new SheafError('BAD_ARGUMENT', '--seed takes up to 64 letters, digits, dots, dashes and underscores')
}

function cryptoArgument(text: string | undefined, nodes: number): CryptoName {
  if (text === 'real' || text === 'cheap') return text
  if (text === undefined) return nodes <= REAL_CRYPTO_NODES_MAX ? 'real' : 'cheap'
  throw new SheafError('BAD_ARGUMENT', '--crypto takes real or cheap')
}

function openTrace(path: string): { write(line: TraceLine): void; close(): void } {
  let file: number
  try {
    file = openSync(path, 'w')
  } catch (cause) {
    throw new SheafError('BAD_ARGUMENT', `cannot write to ${path}`, { cause })
  }
  let text = ''
  const flush = (): void => {
    writeSync(file, text)
    text = ''
  }
  return {
    write: (line) => {
      text += jsonLine(line)
      if (text.length > TRACE_BYTES) flush()
    },
    close: () => {
      flush()
      closeSync(file)
    },
  }
}
