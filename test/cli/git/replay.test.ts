import test from 'brittle'
import fc from 'fast-check'
import { type Made, replay } from '../../../src/cli/git/replay.ts'
import type { Change, Commit } from '../../../src/cli/git/stream.ts'
import { parameters } from '../../helpers/seed.ts'

type Step = { parents: number[]; changes: Change[] }

const put = (path: string, blob: string): Change => ({ path, blob })
const gone = (path: string): Change => ({ path, blob: undefined })
const moved = (from: string, path: string): Change => ({ path, blob: undefined, from })

async function madeOf(steps: readonly Step[], bad: ReadonlySet<string> = new Set()): Promise<Made<string>[]> {
  const children = new Map<string, number>()
  for (const { parents } of steps)
    for (const one of parents) children.set(`${one}`, (children.get(`${one}`) ?? 0) + 1)
  const commits = (async function* (): AsyncGenerator<Commit> {
    for (const [i, { parents, changes }] of steps.entries()) {
      yield {
        mark: i + 1,
        oid: `${i}`,
        author: '',
        timeS: i,
        message: '',
        parents: parents.map((n) => n + 1),
        changes,
      }
    }
  })()
  const all: Made<string>[] = []
  const options = {
    childrenOf: (oid: string) => children.get(oid) ?? 0,
    pageOf: (file: string) => (file.startsWith('no') ? undefined : file),
    contentOf: async (blob: string) => (bad.has(blob) ? undefined : blob),
  }
  for await (const made of replay(commits, options)) all.push(made)
  return all
}

/** `path=content of parents`. */
const shown = (made: readonly Made<string>[]): string[] =>
  made.map(({ path, content, parents }) => `${path}=${content ?? '-'} of ${parents.join(',')}`)

test('git replay - a version for each commit and page, a deletion, and the page again', async (t) => {
  const steps = [
    { parents: [], changes: [put('a', '1'), put('b', '1'), put('no page', 'x')] },
    { parents: [0], changes: [put('a', '2')] },
    { parents: [1], changes: [gone('a'), put('no page', 'y')] },
    { parents: [2], changes: [put('a', '3')] },
  ]
  t.alike(shown(await madeOf(steps)), ['a=1 of ', 'b=1 of ', 'a=2 of 0', 'a=- of 2', 'a=3 of 3'])
})

test('git replay - a rename follows the page that it was, and joins what was deleted under its name', async (t) => {
  const steps = [
    { parents: [], changes: [put('a', '1')] },
    { parents: [0], changes: [moved('a', 'b')] },
    { parents: [1], changes: [moved('b', 'a'), put('a', '2')] },
  ]
  t.alike(
    shown(await madeOf(steps)),
    ['a=- of 0', 'b=1 of 0', 'b=- of 2', 'a=2 of 2,1'].toSpliced(0, 0, 'a=1 of '),
  )
})

test('git replay - a merge makes a version only where the sides have parted', async (t) => {
  const steps = [
    { parents: [], changes: [put('a', '1'), put('b', '1'), put('c', '1')] },
    { parents: [0], changes: [put('a', 'left'), put('c', 'left')] },
    { parents: [0], changes: [put('b', 'right'), put('c', 'right')] },
    { parents: [1, 2], changes: [put('b', 'right'), put('c', 'both')] },
    { parents: [3], changes: [put('a', 'on'), put('b', 'on')] },
  ]
  t.alike(shown(await madeOf(steps)).slice(3), [
    'a=left of 0',
    'c=left of 2',
    'b=right of 1',
    'c=right of 2',
    'c=both of 4,6',
    'a=on of 3',
    'b=on of 5',
  ])
})

test('git replay - an edit on one side meets a rename on the other', async (t) => {
  const base = { parents: [], changes: [put('a', '1')] }
  const renamed = { parents: [0], changes: [moved('a', 'b')] }
  const edited = { parents: [0], changes: [put('a', '2')] }
  t.alike(shown(await madeOf([base, renamed, edited, { parents: [1, 2], changes: [put('b', '2')] }])), [
    'a=1 of ',
    'a=- of 0',
    'b=1 of 0',
    'a=2 of 0',
    'b=2 of 2,3',
    'a=- of 1,3',
  ])
  t.alike(shown(await madeOf([base, edited, renamed, { parents: [1, 2], changes: [moved('a', 'b')] }])), [
    'a=1 of ',
    'a=2 of 0',
    'a=- of 0',
    'b=1 of 0',
    'a=- of 1,2',
    'b=2 of 1,3',
  ])
  t.alike(
    shown(
      await madeOf([
        base,
        { parents: [0], changes: [put('c', 'x')] },
        renamed,
        { parents: [1, 2], changes: [moved('a', 'b')] },
      ]),
    ),
    ['a=1 of ', 'c=x of ', 'a=- of 0', 'b=1 of 0'],
    'where only one side changed it there is nothing to join',
  )
})

test('git replay - what cannot be a page leaves it as it was', async (t) => {
  const steps = [
    { parents: [], changes: [put('a', 'bad'), put('b', '1')] },
    { parents: [0], changes: [put('b', 'bad')] },
    { parents: [1], changes: [put('b', '2'), put('a', '1')] },
  ]
  t.alike(shown(await madeOf(steps, new Set(['bad']))), ['b=1 of ', 'b=2 of 0', 'a=1 of '])
})

test('git replay - whatever the history, what stands at its end is what git has, and each page ends in one version', async (t) => {
  const paths = ['a', 'b', 'c']
  const draws = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean(), fc.nat(2), fc.nat(4)), {
    minLength: 1,
    maxLength: 25,
  })
  await fc.assert(
    fc.asyncProperty(draws, async (drawn) => {
      // Contents of all pages at each commit, and the changes against the first parent that lead there.
      const trees: Map<string, string>[] = []
      const steps = drawn.map(([a, b, isMerge, page, content], i): Step => {
        const first = i === 0 ? undefined : Math.max(0, i - 1 - (a % 3))
        const second = first === undefined ? undefined : b % i
        const parents = first === undefined ? [] : isMerge && second !== first ? [first, second!] : [first]
        const tree = new Map(first === undefined ? [] : trees[first])
        if (parents.length === 2)
          for (const [path, text] of trees[second!]!) if (text > (tree.get(path) ?? '')) tree.set(path, text)
        if (content === 0) tree.delete(paths[page]!)
        else tree.set(paths[page]!, `${content}`)
        const before = first === undefined ? new Map<string, string>() : trees[first]!
        const changes = paths
          .filter((path) => before.get(path) !== tree.get(path))
          .map((path) => ({ path, blob: tree.get(path) }))
        trees.push(tree)
        return { parents, changes }
      })
      // The last commit joins all, as a branch does that one imports.
      const heads = steps.map((_, i) => i).filter((i) => !steps.some(({ parents }) => parents.includes(i)))
      steps.push({ parents: heads.slice(0, 16), changes: [] })
      if (heads.length > 16) return true
      const tree = trees[heads[0]!]!
      const made = await madeOf(steps)
      for (const path of paths) {
        const own = made.filter((one) => one.path === path)
        const tips = own.filter(({ number }) => !made.some(({ parents }) => parents.includes(number)))
        if (own.length === 0) {
          if (tree.has(path)) return false
          continue
        }
        if (tips.length !== 1 || tips[0]!.content !== tree.get(path)) return false
      }
      return made.every(({ number, parents }) => parents.every((parent) => parent < number))
    }),
    parameters({ numRuns: 150 }),
  )
  t.pass()
})
