/**
 * A million malformed messages against a node in a process with little memory: it does not fall, does
 * not grow, and an honest client is served all the while. The messages go through the real service and
 * codecs to a real store, by function calls and not by sockets: so many could not be sent in a sitting.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judge, type Measured } from './hostile/judge.ts'
import type { Soak, SoakReport, SoakRun } from './soak.ts'

const CHILD = fileURLToPath(new URL('./hostile/child.ts', import.meta.url))
/** For the old generation of the attacked process; what it holds while nobody attacks is about a fifth. */
const HEAP_MB = 192
const STDERR_LINES = 12

export const soak: Soak = {
  about: 'malformed messages, floods and churn against a node with 192 MB of heap',
  numbers: {
    messages: { help: 'messages that are said to it', default: 1_000_000, min: 1_000, max: 100_000_000 },
  },
  plants: { leak: 'keeps 32 KB for each thing that is done to it', crash: 'throws in the middle' },
  run,
}

async function run({ seed, numbers, plant = '', say, signal }: SoakRun): Promise<SoakReport> {
  const home = mkdtempSync(join(tmpdir(), 'soak-hostile-'))
  try {
    const args = [`--max-old-space-size=${HEAP_MB}`, '--expose-gc', '--import', 'tsx', CHILD]
    const child = spawn(process.execPath, [...args, home, seed, String(numbers.messages), plant], { signal })
    let told = ''
    let complaints = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).split('\n').slice(-STDERR_LINES).join('\n')
    })
    const [code, endedBy] = (await once(child, 'close')) as [number | null, string | null]
    if (code === 0) return judge(JSON.parse(told) as Measured)
    say(complaints)
    const how = endedBy ?? `status ${code}`
    return { figures: { ended: how }, findings: [`the attacked process ended with ${how}`] }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
