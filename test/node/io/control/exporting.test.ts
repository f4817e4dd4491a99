import test from 'brittle'
import fc from 'fast-check'
import { SheafError } from '../../../../src/base/errors.ts'
import type { ExportedPage, NodeApi } from '../../../../src/node/commands.ts'
import { exportLines } from '../../../../src/node/io/control/exporting.ts'
import { fakeNode, idOf, type Overrides } from '../../../cli/fake-node.ts'
import { parameters } from '../../../helpers/seed.ts'

const MIB = 1024 * 1024

/** A node with pages of these sizes, that tells how much it had handed out at most before it was taken. */
function sized(sizes: readonly number[]): { api: NodeApi; overrides: Overrides; windows: number[] } {
  const pages = sizes.map((bytes, i): ExportedPage => {
    return { path: `p${i}`, id: idOf(`p${i}`), text: Buffer.alloc(bytes, 'a') }
  })
  const windows: number[] = []
  const overrides: Overrides = {
    list: () => pages.map(({ path, id }) => ({ path, version: id })),
    export: ({ pages: window = [] }, progress) => {
      windows.push(window.length)
      const byPath = new Map(pages.map((page) => [page.path, page]))
      for (const { path } of window) progress(byPath.get(path)!)
      return { pages: window.length, found: window.length, missing: [] }
    },
  }
  return { api: fakeNode(overrides).api, overrides, windows }
}

const space = { type: 'entity' as const, id: idOf('entity') }

async function collect(api: NodeApi): Promise<{ paths: string[]; done: { pages: number; found: number } }> {
  const paths: string[] = []
  let done = { pages: 0, found: 0 }
  for await (const line of exportLines(api, space, Number.MAX_SAFE_INTEGER)) {
    const one = line as { type: string; path: string } & typeof done
    if (one.type === 'page') paths.push(one.path)
    else done = { pages: one.pages, found: one.found }
  }
  return { paths, done }
}

test('export - every page comes once, whatever their sizes', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 1_500 }), async (sizes) => {
      const { paths, done } = await collect(sized(sizes).api)
      return (
        new Set(paths).size === sizes.length && paths.length === sizes.length && done.found === sizes.length
      )
    }),
    parameters({ numRuns: 20 }),
  )
  t.pass()
})

test('export - nothing is fetched before the reader has taken what was', async (t) => {
  const { api, windows } = sized(Array.from({ length: 1_000 }, () => 100))
  const lines = exportLines(api, space, Number.MAX_SAFE_INTEGER)
  await lines.next()
  t.alike(windows, [64], 'one window, however long the reader waits')
  for (let i = 1; i < 64; i++) await lines.next()
  t.is(windows.length, 1)
  await lines.next()
  t.is(windows.length, 2)
  await lines.return(undefined)
  t.is(windows.length, 2, 'and nothing once it has left')
})

test('export - large pages after small ones are fetched in smaller windows, not refused', async (t) => {
  const large = Buffer.alloc(4 * MIB, 'a')
  const { overrides } = sized(Array.from({ length: 140 }, () => 10))
  const windows: number[] = []
  // The large ones share their bytes, or this test would need what it is about.
  const { api } = fakeNode({
    ...overrides,
    export: ({ pages = [] }, progress) => {
      windows.push(pages.length)
      for (const { path, version } of pages) {
        const isLarge = Number(path.slice(1)) >= 64
        progress({ path, id: version, text: isLarge ? large : Buffer.from(path) })
      }
      return { pages: pages.length, found: pages.length, missing: [] }
    },
  })
  const { paths, done } = await collect(api)
  t.is(new Set(paths).size, 140)
  t.is(done.found, 140)
  t.alike(windows.slice(0, 3), [64, 76, 16])
})

test('export - what the node fails with ends it', async (t) => {
  const { overrides } = sized([1, 2])
  const { api } = fakeNode({
    ...overrides,
    export: () => {
      throw new SheafError('TIMEOUT', 'too late')
    },
  })
  await t.exception(collect(api), /too late/)
})
