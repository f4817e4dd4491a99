/**
 * `npm run soak -- sync`: no acknowledgement of a synced promise leaves before what it rests on is synced.
 *
 * A publisher and a keeper run under strace. One publish follows the other, so that whatever is written between
 * two acknowledgements belongs to the second: what is not synced then was promised and is not safe.
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SheafError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { startNetwork } from '../harness/network.ts'
import { Ledger } from './kill/ledger.ts'
import { publishAndNote, somePages } from './kill/writers.ts'
import { endAll, SoakNode } from './nodes/node.ts'
import type { Soak, SoakReport, SoakRun } from './soak.ts'
import { judge, type Verdict } from './sync/promises.ts'
import { callsIn } from './sync/trace.ts'

const CALLS =
  'openat,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,rename,unlink,unlinkat'
/** The headers of an answer and its first line. */
const LETTERS = 1_024

export const soak: Soak = {
  about: 'no promise leaves before what it rests on is synced, by the system calls (needs strace)',
  numbers: { publishes: { help: 'publishes, one after the other', default: 40, min: 4, max: 10_000 } },
  plants: { 'no-sync': 'the store says that it syncs and does not' },
  run,
}

async function run({ seed, numbers, plant, say, signal }: SoakRun): Promise<SoakReport> {
  requireStrace()
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const network = await startNetwork()
  const nodes: SoakNode[] = []
  const traceOf = (name: string): string => join(folder, `${name}.trace`)
  try {
    for (const name of ['publisher', 'keeper']) {
      nodes.push(
        await SoakNode.make({
          name,
          folder,
          bootstrap: network.bootstrap,
          network: 'soak-sync',
          signal,
          plants: plant === 'no-sync' ? ['no-sync'] : [],
          // The keeper's log tells when a holding is about to leave.
          config: { logLevel: 'debug' },
          under: strace(traceOf(name)),
        }),
      )
    }
    const [publisher, keeper] = nodes as [SoakNode, SoakNode]
    const random = seededRandom(`sync ${seed}`)
    const ledger = new Ledger(join(folder, 'ledger.ndjson'))
    // The second half comes after a start that finds logs to recover.
    for (const half of [1, 2]) {
      await Promise.all(nodes.map((node) => node.start()))
      await publisher.meets(1)
      for (let i = 0; i < numbers.publishes! / 2; i++)
        await publishAndNote(publisher, somePages(`${half}/${i}`, random), ledger, half)
      say(`half ${half}: ${ledger.size} pages acknowledged`)
      await publisher.stop()
      await keeper.stop()
    }
    ledger.close()
    const verdicts = {
      publisher: await verdictOf(traceOf('publisher')),
      keeper: await verdictOf(traceOf('keeper')),
    }
    return reportOf(verdicts)
  } finally {
    await endAll(nodes)
    await network.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function strace(file: string): string[] {
  const how = ['-f', '-ttt', '-y', '--seccomp-bpf', '-A', '-s', String(LETTERS), '-e', `trace=${CALLS}`]
  return ['strace', ...how, '-o', file, '--']
}

/** Throws UNSUPPORTED where strace is not installed, and REFUSED where it may not trace: no run is not a pass. */
function requireStrace(): void {
  const tried = spawnSync('strace', [
    '-f',
    '-y',
    '-e',
    'trace=write',
    '-o',
    '/dev/null',
    process.execPath,
    '-e',
    '0',
  ])
  if (tried.error !== undefined)
    throw new SheafError('UNSUPPORTED', 'strace is not installed', { hint: 'apt-get install strace' })
  if (tried.status !== 0)
    throw new SheafError('REFUSED', `strace may not trace here: ${String(tried.stderr).split('\n')[0]}`, {
      hint: 'run it where ptrace is allowed, such as in a container with --cap-add SYS_PTRACE',
    })
}

async function verdictOf(file: string): Promise<Verdict> {
  const lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) lines.push(line)
  return judge(callsIn(lines))
}

/** A trace without promises shows nothing. */
function reportOf({ publisher, keeper }: { publisher: Verdict; keeper: Verdict }): SoakReport {
  const findings = [
    ...publisher.findings.map((finding) => `publisher: ${finding}`),
    ...keeper.findings.map((finding) => `keeper: ${finding}`),
  ]
  if (publisher.promised === 0 || publisher.stored === 0)
    findings.push('publisher: no acknowledgement was seen in the trace')
  if (keeper.kept === 0) findings.push('keeper: no holding was seen in the trace')
  if (publisher.writes === 0 || keeper.writes === 0) findings.push('no write was seen in the trace')
  const figures = {
    promised: publisher.promised,
    stored: publisher.stored,
    kept: keeper.kept,
    writes: publisher.writes + keeper.writes,
    syncs: publisher.syncs + keeper.syncs,
  }
  return { figures, findings }
}
