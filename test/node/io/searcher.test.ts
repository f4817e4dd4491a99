import test from 'brittle'
import { startSearcher } from '../../../src/node/io/searcher.ts'

const SIZE = { type: 'size' as const }

test('searcher - a worker that nobody asks ends, and the next one begins anew', async (t) => {
  const searcher = startSearcher(1)
  t.teardown(() => searcher.close())
  const first = await searcher.ask(SIZE)
  t.alike(first, { life: 1, answer: { pages: 0, postings: 0, isFull: false } })
  // its rest came up while it loaded, and comes up again; timers of one thread keep their order
  await new Promise((resolve) => setTimeout(resolve, 5))
  t.is((await searcher.ask(SIZE)).life, 2)
  await searcher.close()
  await t.exception(searcher.ask(SIZE), /CANCELLED|stopping/)
})
