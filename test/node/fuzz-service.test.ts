/** Services under whatever can happen to them: no step throws, every command is answered once, and nothing is held on to. */
import test from 'brittle'
import { seededRandom } from '../../src/base/seeded.ts'
import { Chaos } from '../helpers/chaos.ts'
import { belowFrom } from '../helpers/moves.ts'
import { seed } from '../helpers/seed.ts'

const RUNS = 6 * Number(process.env.FUZZ ?? 1)
const STEPS = 1_500
const AWAITED_MAX = 2_000
const TIMERS_MAX = 5_000

test('fuzz - services under chaos: no step throws, each command is answered once', async (t) => {
  const codes = new Set<string>()
  let faults = 0
  let opened = 0
  for (let run = 0; run < RUNS; run++) {
    const chaos = new Chaos(belowFrom(seededRandom(`${seed} chaos ${run}`)))
    for (let step = 0; step < STEPS; step++) {
      await chaos.step()
      for (const { name, service } of chaos.nodes) {
        const { awaited, timers } = service.held
        if (awaited > AWAITED_MAX || timers > TIMERS_MAX)
          return t.fail(`run ${run}, step ${step}: ${name} holds ${awaited} effects, ${timers} timers`)
      }
    }
    await chaos.quieten()
    const answered = [...chaos.answers.values()]
    const odd = [...chaos.answers].filter(([, times]) => times !== 1).map(([name]) => name)
    if (answered.length < 20 || odd.length > 0) t.fail(`run ${run}: not answered once: ${odd}`)
    for (const { name, service } of chaos.nodes) {
      const { connections, awaited } = service.held
      if (connections > 0 || awaited > 0)
        t.fail(`run ${run}: ${name} holds ${connections} links, ${awaited} effects`)
    }
    for (const code of chaos.codes) codes.add(code)
    for (const { events } of chaos.nodes) {
      faults += events.filter(({ type }) => type === 'fault').length
      opened += events.filter(({ type }) => type === 'opened').length
    }
  }
  t.comment(`${opened} sessions, ${faults} faults; ${[...codes].join(' ')}`)
  t.absent(codes.has('INTERNAL'), 'no command fails by a mistake of ours')
  t.ok(opened > 0 && faults > 0)
})
