// timeout: 180s
/** Small runs of every scenario with all checks, and that one seed gives one run. */
import test from 'brittle'
import { codeOf } from '../../src/base/errors.ts'
import { SCENARIOS, simulate } from '../../src/sim/simulation.ts'
import type { TraceLine } from '../../src/sim/world.ts'

const small = { crypto: 'cheap', nodes: 12 } as const

async function traceOf(name: string, seed: string): Promise<{ lines: TraceLine[]; text: string }> {
  const lines: TraceLine[] = []
  await simulate({ ...small, name, seed, trace: (line) => lines.push(line) })
  return { lines, text: lines.map((line) => JSON.stringify(line)).join('\n') }
}

for (const name of Object.keys(SCENARIOS)) {
  test(`simulation - ${name} with twelve nodes holds what it promises`, async (t) => {
    const { figures, checks, findings } = await simulate({ ...small, name, seed: 'test' })
    t.alike(findings, [])
    t.ok(Object.values(checks).every((found) => found === 0))
    t.is(figures.readShare, 1)
    t.ok(figures.published! > 0)
  })
}

test('simulation - one seed gives one trace to the byte, and another seed another', async (t) => {
  const first = await traceOf('loss', 'a')
  t.is((await traceOf('loss', 'a')).text === first.text, true)
  t.is((await traceOf('loss', 'b')).text === first.text, false)
  t.ok(first.lines.every(({ ms, node, kind }) => ms >= 0 && node !== '' && kind !== ''))
  t.ok(
    first.lines.every(({ ms }, i) => i === 0 || ms >= first.lines[i - 1]!.ms),
    'in order of time',
  )
})

test('simulation - real signatures run the same way', async (t) => {
  const { findings } = await simulate({ name: 'spread', seed: 'real', crypto: 'real', nodes: 8 })
  t.alike(findings, [])
})

test('simulation - what cannot be simulated is refused', async (t) => {
  const refusal = async (work: Promise<unknown>): Promise<string | undefined> => {
    const failure = await work.then(
      () => undefined,
      (error: unknown) => error,
    )
    return codeOf(() => {
      if (failure !== undefined) throw failure
    })
  }
  t.is(await refusal(simulate({ ...small, name: 'toString', seed: 'a' })), 'BAD_ARGUMENT')
  t.is(await refusal(simulate({ ...small, name: 'spread', seed: 'a', nodes: 1 })), 'BAD_ARGUMENT')
  t.is(await refusal(simulate({ ...small, name: 'spread', seed: 'a', nodes: 1e9 })), 'BAD_ARGUMENT')
})
