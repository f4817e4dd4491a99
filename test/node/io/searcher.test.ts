/** The search engine in its thread. */
import test from 'brittle'
import { startSearcher } from '../../../src/node/io/searcher.ts'

/** Of the event loop, without a question: the rest comes up in a millisecond. */
const TURNS_TO_REST = 2_000
const PLACE = { key: 'k'.repeat(32), print: 'p', blocks: [] }
const SIZE = { type: 'size' as const }
const compare = (searcher: ReturnType<typeof startSearcher>) =>
  searcher.ask({ type: 'compare', prefix: new Uint8Array(32), depth: 0, places: [PLACE] })

test('searcher - answers in order and keeps what was put, until nobody asked for a while', async (t) => {
  const searcher = startSearcher(0)
  t.teardown(() => searcher.close())
  const answers = await Promise.all([
    compare(searcher),
    searcher.ask({ type: 'put', places: [PLACE] }),
    compare(searcher),
    searcher.ask({ type: 'search', words: 'bees', limit: 5, candidates: [] }),
  ])
  t.alike(
    answers.map(({ answer }) => answer),
    [[PLACE.key], undefined, [], []],
  )
  t.is(new Set(answers.map(({ life }) => life)).size, 1)
})

test('searcher - begins anew after it rested, and says so', async (t) => {
  const searcher = startSearcher(0)
  t.teardown(() => searcher.close())
  const before = await compare(searcher)
  await searcher.ask({ type: 'put', places: [PLACE] })
  let after = before
  while (after.life === before.life) {
    for (let turn = 0; turn < TURNS_TO_REST; turn++) await new Promise((resolve) => setImmediate(resolve))
    after = await compare(searcher)
  }
  t.alike(after.answer, [PLACE.key], 'what was put is gone')
  await searcher.close()
  await t.exception(compare(searcher), /stopping/)
})

test('searcher - a call that it cannot answer is an error of that call alone', async (t) => {
  const searcher = startSearcher()
  t.teardown(() => searcher.close())
  await t.exception(searcher.ask({ type: 'put', places: undefined } as never), /search engine/)
  t.alike((await searcher.ask({ type: 'size' })).answer, { pages: 0, postings: 0, isFull: false })
  const waiting = searcher.ask({ type: 'size' })
  await Promise.all([t.exception(waiting, /ended/), searcher.close()])
})

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
