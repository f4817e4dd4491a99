import test from 'brittle'
import { parsePatch } from 'diff'
import fc from 'fast-check'
import { diffTexts, unifiedText } from '../../src/content/diff.ts'
import { type Edit, editsBetween, linesOf } from '../../src/content/lines.ts'
import { parameters } from '../helpers/seed.ts'

const OLD = 'Bees\n====\n\nThey live in hives.\nThey eat honey.\n\nSee also wasps.\n'
const NEW = 'Bees\n====\n\nThey live in hives, of wood.\nThey eat honey.\n\nSee also wasps.\nAnd ants.'
const NAMES = { before: 'bees (old)', after: 'bees (new)' }

/** Few different lines, so that they repeat; with and without an LF at the end. */
const texts = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', 'd d'), { maxLength: 25 }), fc.boolean())
  .map(([lines, ends]) => lines.join('\n') + (ends && lines.length > 0 ? '\n' : ''))

/** The text that the edits make of `before`, taking what is new from `after`. */
function edited(before: string[], after: string[], edits: readonly Edit[]): string {
  let at = 0
  const parts = edits.flatMap(({ oldStart, oldEnd, newStart, newEnd }) => {
    const kept = before.slice(at, oldStart)
    at = oldEnd
    return [...kept, ...after.slice(newStart, newEnd)]
  })
  return [...parts, ...before.slice(at)].join('')
}

test('diff - hunks with their context, and the unified format with a last line that does not end', (t) => {
  const difference = diffTexts(OLD, NEW, { contextLines: 1 })
  t.is(difference.hunks.length, 2)
  t.is(difference.added, 2)
  t.is(difference.removed, 1)
  t.alike(difference.hunks[0], {
    oldStart: 3,
    oldLines: 3,
    newStart: 3,
    newLines: 3,
    lines: [
      { type: 'context', text: '\n' },
      { type: 'removed', text: 'They live in hives.\n' },
      { type: 'added', text: 'They live in hives, of wood.\n' },
      { type: 'context', text: 'They eat honey.\n' },
    ],
  })
  t.is(
    unifiedText(difference, NAMES),
    [
      '--- bees (old)',
      '+++ bees (new)',
      '@@ -3,3 +3,3 @@',
      ' ',
      '-They live in hives.',
      '+They live in hives, of wood.',
      ' They eat honey.',
      '@@ -7 +7,2 @@',
      ' See also wasps.',
      '+And ants.',
      '\\ No newline at end of file',
      '',
    ].join('\n'),
  )
  t.is(unifiedText(diffTexts(OLD, OLD), NAMES), '')
})

test('diff - a page that begins or ends is a hunk against nothing', (t) => {
  t.ok(unifiedText(diffTexts('', 'a\nb\n'), NAMES).includes('@@ -0,0 +1,2 @@\n+a\n+b\n'))
  t.ok(unifiedText(diffTexts('a\n', ''), NAMES).includes('@@ -1 +0,0 @@\n-a\n'))
  t.alike(linesOf(''), [])
  t.alike(linesOf('\n\na'), ['\n', '\n', 'a'])
})

test('diff - the edits between any two texts make one of the other, and a line stays between two of them', (t) => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const [old, fresh] = [linesOf(before), linesOf(after)]
      const edits = editsBetween(old, fresh)
      const apart = edits.every(({ oldStart }, i) => i === 0 || oldStart > edits[i - 1]!.oldEnd)
      return old.join('') === before && edited(old, fresh, edits) === after && apart
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})

test('diff - no script with fewer lines is found by trying all', (t) => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const [old, fresh] = [linesOf(before), linesOf(after)]
      const edits = editsBetween(old, fresh)
      const lines = edits.reduce((sum, one) => sum + one.oldEnd - one.oldStart + one.newEnd - one.newStart, 0)
      return lines === old.length + fresh.length - 2 * longestShared(old, fresh)
    }),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})

test('diff - what is written as unified text, jsdiff reads as the same hunks', (t) => {
  fc.assert(
    fc.property(texts, texts, fc.nat(4), (before, after, contextLines) => {
      const { hunks } = diffTexts(before, after, { contextLines })
      const read = parsePatch(unifiedText({ hunks, added: 0, removed: 0 }, NAMES))[0]?.hunks ?? []
      const ranges = (all: typeof hunks | typeof read) =>
        all.map(
          ({ oldLines, newLines, lines }) =>
            `${oldLines} ${newLines} ${lines.filter((line) => typeof line !== 'string' || !line.startsWith('\\')).length}`,
        )
      return ranges(read).join() === ranges(hunks).join()
    }),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})

test('diff - texts made to be slow come to a coarse difference, and what is alike at both ends stays', (t) => {
  const line = (i: number) => `${(i * 7919) % 13 < 6 ? 'a' : 'b'}\n`
  const old = ['begin\n', ...Array.from({ length: 30_000 }, (_, i) => line(i)), 'end\n']
  const fresh = ['begin\n', ...Array.from({ length: 30_000 }, (_, i) => line(i * i + 3)), 'end\n']
  const edits = editsBetween(old, fresh)
  t.is(edits.length, 1)
  t.ok(edits[0]!.oldStart >= 1 && edits[0]!.oldEnd <= 30_001)
  t.is(edited(old, fresh, edits), fresh.join(''))
  const many = Array<string>(1_000_000).fill('\n')
  t.alike(editsBetween(many, many.slice(1)).length, 1)
})

/** Length of the longest common subsequence, by the table of all pairs. */
function longestShared(a: string[], b: string[]): number {
  let row = Array<number>(b.length + 1).fill(0)
  for (const one of a) {
    const next = [0]
    for (const [j, other] of b.entries())
      next.push(one === other ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!))
    row = next
  }
  return row[b.length]!
}
