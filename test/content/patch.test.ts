import test from 'brittle'
import fc from 'fast-check'
import { editsBetween, linesOf } from '../../src/content/lines.ts'
import { applyPatch, decodePatch, editsOfPatch, encodePatch, patchOf } from '../../src/content/patch.ts'
import { refusal } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const lines = fc.array(fc.constantFrom('a\n', 'b\n', '\n', 'é\n'), { maxLength: 20 })
const texts = fc.tuple(lines, fc.constantFrom('', 'last')).map(([all, last]) => all.join('') + last)

function between(before: string, after: string) {
  return patchOf(editsBetween(linesOf(before), linesOf(after)), linesOf(after))
}

test('patch - keeps, drops and adds lines', (t) => {
  const patch = between('one\ntwo\nthree\n', 'one\n2\nthree\nfour')
  t.alike(patch, [
    { keep: 1, drop: 1, add: '2\n' },
    { keep: 1, drop: 0, add: 'four' },
  ])
  t.is(applyPatch('one\ntwo\nthree\n', patch), 'one\n2\nthree\nfour')
  t.is(applyPatch('same\n', []), 'same\n')
})

test('patch - of any two texts, through its bytes, makes one of the other, by the same edits', (t) => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const patch = decodePatch(encodePatch(between(before, after)))
      const edits = editsBetween(linesOf(before), linesOf(after))
      return (
        applyPatch(before, patch) === after && JSON.stringify(editsOfPatch(patch)) === JSON.stringify(edits)
      )
    }),
    parameters({ numRuns: 300 }),
  )
  t.pass()
})

test('patch - one that reaches behind the end, or makes too long a text, is refused', (t) => {
  for (const step of [
    { keep: 3, drop: 0, add: '' },
    { keep: 1, drop: 2, add: 'x' },
    { keep: 4_194_304, drop: 4_194_304, add: '' },
  ]) {
    t.is(
      refusal(() => applyPatch('a\nb\n', [step])),
      'BAD_FORMAT',
    )
  }
  const long = Array.from({ length: 100 }, () => ({ keep: 0, drop: 0, add: 'x'.repeat(61_000) }))
  t.is(
    refusal(() => applyPatch('', long)),
    'TOO_LARGE',
  )
})

test('patch - any bytes are refused with a code, or are a patch', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), texts, (bytes, text) => {
      refusal(() => applyPatch(text, decodePatch(bytes)))
      return true
    }),
    parameters({ numRuns: 300 }),
  )
  t.pass()
})
