import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

async function home(t: Parameters<typeof servedHome>[0]) {
  const served = await servedHome(t, fakeNode())
  const { mkdirSync, writeFileSync } = await import('node:fs')
  mkdirSync(`${served.home}/wiki`)
  writeFileSync(
    `${served.home}/wiki/bees.md`,
    '# Bees\n\nIn winter [[soil]] freezes. \u001b[2J [[nowhere]]\n',
  )
  writeFileSync(`${served.home}/wiki/soil.md`, '# Soil\n')
  await served.run(['publish', 'wiki'])
  return served
}

test('search - says what was found, who signed it, and what was covered; words are marked on a terminal', async (t) => {
  const { run } = await home(t)
  const plain = await run(['search', 'winter'])
  t.is(plain.status, 0, plain.err)
  t.ok(/^bees\n {2}@\w+\/bees\n {2}signed by @\w+, here\n {2}.*winter/.test(plain.out), plain.out)
  t.absent(plain.out.includes('\u001b'), 'a stranger turns nothing on')
  t.is(plain.err, '1 page; 1 of 1 peer answered, for 3 of 4 shards: 75 % covered\n')
  const shown = await run(['search', 'winter'], { isTerminal: true })
  t.ok(shown.out.includes('\u001b[1mwinter\u001b[22m'))
  const uncoloured = await run(['search', 'winter'], { isTerminal: true, env: { NO_COLOR: '1' } })
  t.absent(uncoloured.out.includes('\u001b[1m'))
  t.ok((await run(['search', 'winter', '-q'])).out.endsWith('/bees\n'))
  const none = await run(['search', 'platypus', '--local'])
  t.alike([none.status, none.out, none.err], [0, '', '0 pages, of those that are here\n'])
})

test('search - JSON is an object a line, and wrong options are usage', async (t) => {
  const { run } = await home(t)
  const { out } = await run(['search', 'winter', 'soil', '--limit', '3', '--space', '@me', '--json'])
  t.alike(
    out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type),
    ['result', 'result', 'done'],
  )
  for (const args of [['search'], ['search', 'a', '--limit', '51'], ['search', 'a', '--space', 'x']]) {
    t.is((await run(args)).status, 64, args.join(' '))
  }
})

test('links, backlinks - where a page leads, who links to it, what is broken', async (t) => {
  const { run } = await home(t)
  const links = await run(['links', 'bees'])
  t.ok(/^ +soil +@\w+\/soil\n! +nowhere +@\w+\/nowhere\n$/.test(links.out), links.out)
  t.is(links.err, '2 links, 1 broken\n')
  const back = await run(['backlinks', 'soil'])
  t.ok(/^@\w+\/bees\n$/.test(back.out))
  const broken = await run(['links', '--broken'])
  t.ok(/^! +@\w+\/bees +@\w+\/nowhere\n$/.test(broken.out), broken.out)
  t.is((await run(['links'])).status, 64)
  t.is((await run(['links', 'none'])).status, 3)
  t.ok(JSON.parse((await run(['links', '--broken', '@me', '--json'])).out))
})
