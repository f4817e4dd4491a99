import test from 'brittle'
import type { RenderOptions } from '../../../src/content/render/render.ts'
import { startRenderer } from '../../../src/node/io/renderer.ts'

const OPTIONS: RenderOptions = { page: undefined, pagePrefix: 'sheaf:', images: 'linked', relative: 'below' }
/** A thread from source takes a while to load. */
const PATIENT = { deadlineMs: 60_000 }
/** Brackets that close nothing: each looks back through all before it. */
const SLOW = ']'.repeat(500_000)

test('renderer - texts are rendered one after the other, each with its own answer', async (t) => {
  const renderer = startRenderer(PATIENT)
  t.teardown(() => renderer.close())
  const outcomes = await Promise.all(['# a', '[[b]]', '*c*'].map((text) => renderer.render(text, OPTIONS)))
  t.alike(
    outcomes.map(({ html, problem }) => [html, problem]),
    [
      ['<h1 id="user-content-a">a</h1>', undefined],
      ['<p><a class="wiki" href="b.md">b</a></p>', undefined],
      ['<p><em>c</em></p>', undefined],
    ],
  )
  t.is(outcomes[1]!.links.length, 1)
})

test('renderer - a text that takes too long ends its thread, is shown as it is, and the next is rendered', async (t) => {
  const renderer = startRenderer({ deadlineMs: 60_000, shareMs: 300 })
  t.teardown(() => renderer.close())
  const [slow, next] = await Promise.all([renderer.render(SLOW, OPTIONS), renderer.render('a', OPTIONS)])
  t.is(slow.problem?.code, 'TIMEOUT')
  t.is(slow.html, `<pre><code>${SLOW}</code></pre>`)
  t.is(next.html, '<p>a</p>')
})

test('renderer - the deadline covers waiting and loading too, and what comes after is rendered', async (t) => {
  const renderer = startRenderer({ deadlineMs: 1 })
  t.teardown(() => renderer.close())
  const all = await Promise.all([SLOW, 'a', '<>&"\0'].map((text) => renderer.render(text, OPTIONS)))
  t.alike(
    all.map(({ problem }) => problem?.code),
    ['TIMEOUT', 'TIMEOUT', 'TIMEOUT'],
    'no thread has loaded by then',
  )
  t.is(all[2]!.html, '<pre><code>&#60;&#62;&#38;&#34;\ufffd</code></pre>')
})

test('renderer - a text that needs too much memory ends its thread, and nothing else', async (t) => {
  const renderer = startRenderer({ deadlineMs: 60_000, memoryMb: 64 })
  t.teardown(() => renderer.close())
  const { problem, html } = await renderer.render('*a* `b`\n\n'.repeat(90_000), OPTIONS)
  t.is(problem?.code, 'TOO_LARGE')
  t.ok(html.startsWith('<pre><code>*a*'))
  t.is((await renderer.render('a', OPTIONS)).html, '<p>a</p>')
})

test('renderer - what is too large is told, and so is that too many wait, or that it is closed', async (t) => {
  const renderer = startRenderer(PATIENT)
  t.teardown(() => renderer.close())
  t.is((await renderer.render('a'.repeat(2 ** 20 + 1), OPTIONS)).problem?.code, 'TOO_LARGE')
  const all = Array.from({ length: 40 }, () => renderer.render('a', OPTIONS))
  t.is((await all.at(-1)!).problem?.code, 'BUSY')
  t.is((await Promise.all(all)).filter(({ problem }) => problem === undefined).length, 33)
  const last = renderer.render(SLOW, OPTIONS)
  await renderer.close()
  t.is((await last).problem?.code, 'CANCELLED')
  t.is((await renderer.render('a', OPTIONS)).problem?.code, 'CANCELLED')
})
