import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

test('sheaf render - a file or what is piped in becomes HTML, without a node', async (t) => {
  const { home, run } = fakeHome(t)
  mkdirSync(join(home, 'garden'))
  writeFileSync(join(home, 'garden/bees.md'), '# Bees\r\n\r\n[[wasps]] <script>alert(1)</script>\r\n')
  const { status, out, err } = await run(['render', 'garden/bees.md'])
  t.is(status, 0, err)
  t.is(
    out,
    '<h1 id="user-content-bees">Bees</h1>\n<p><a class="wiki" href="wasps.md">wasps</a> &#x3C;script>alert(1)&#x3C;/script></p>\n',
  )
  t.is((await run(['render', '-'], { input: '*a*' })).out, '<p><em>a</em></p>\n')
  const { toc, links, problem } = JSON.parse((await run(['render', 'garden/bees.md', '--json'])).out)
  t.alike([toc.length, links[0].target, problem], [1, 'wasps', null])
})

test('sheaf render - the example renders as its page shows', async (t) => {
  const { home, run } = fakeHome(t)
  const page = readFileSync(new URL('../../examples/reading.md', import.meta.url), 'utf8')
  const [, markdown] = /^```md garden\/bees\.md\n(.*?)^```$/ms.exec(page) ?? []
  const [, html] = /^```console\n\$ sheaf render garden\/bees\.md\n(.*?)^```$/ms.exec(page) ?? []
  mkdirSync(join(home, 'garden'))
  writeFileSync(join(home, 'garden/bees.md'), markdown!)
  t.is((await run(['render', 'garden/bees.md'])).out, html)
})

test('sheaf render - a whole page has a policy under which nothing loads or runs', async (t) => {
  const { run } = fakeHome(t)
  const input = '# A & B\n\n## C\n\n## D\n\n![a](https://images.example/a.png)\n'
  const { out } = await run(['render', '-', '--page'], { input })
  t.ok(
    /content="default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'"/.test(out),
  )
  t.ok(
    out.includes('<title>A &#38; B</title>') &&
      out.includes('<nav dir="auto">') &&
      out.includes('<main dir="auto">') &&
      !out.includes('<img'),
  )
  const shown = await run(['render', '-', '--page', '--images'], { input })
  t.ok(shown.out.includes('img-src http: https: file:') && shown.out.includes('<img'))
})

test('sheaf render - a picture beside the file is shown where images are, by either way to write it', async (t) => {
  const { run } = fakeHome(t)
  const input = '![[why?.png|a bee]] ![b](b.png) ![c]() ![d](mailto:d@example.org) ![[bees]] ![[@ann/a.png]]'
  const { out } = await run(['render', '-', '--images'], { input })
  t.alike(out.match(/<img[^>]*>/g), ['<img src="why%253F.png" alt="a bee">', '<img src="b.png" alt="b">'])
  t.ok(out.includes('<a class="wiki" href="bees.md">bees</a>'))
  t.ok(out.includes('title="no id of a space"'))
  const linked = (await run(['render', '-'], { input })).out
  t.ok(linked.includes('<a class="wiki" href="why%253F.png">a bee</a>') && !linked.includes('<img'))
})

test('sheaf render - what cannot be rendered is printed as it is, and the exit status tells', async (t) => {
  const { run } = fakeHome(t)
  const { status, out, err } = await run(['render', '-'], { input: `${'> '.repeat(40)}a` })
  t.is(status, 1)
  t.ok(out.startsWith('<pre><code>&#62; &#62; '))
  t.ok(err.includes('TOO_LARGE'))
  t.is((await run(['render', 'nothing.md'])).status, 3)
  t.is((await run(['render', '-'], { input: 'x'.repeat(9 * 1024 * 1024) })).status, 1)
})

test('sheaf get --html - a page of the node as HTML', async (t) => {
  const { home, run } = await servedHome(t, fakeNode())
  writeFileSync(join(home, 'bees.md'), '# Bees\n\n[up](../x) [ants](ants.md)\n')
  await run(['publish', 'bees.md'])
  const { status, out, err } = await run(['get', 'bees', '--html'])
  t.is(status, 0, err)
  t.ok(out.startsWith('<h1 id="user-content-bees">'))
  t.ok(/<span class="refused"[^>]*>up<\/span> <a href="sheaf:@[a-z2-7]{52}\/ants">ants<\/a>/.test(out), out)
  const { html, text } = JSON.parse((await run(['get', 'bees', '--html', '--json'])).out)
  t.is(`${html}\n`, out)
  t.is(text, undefined)
})
