import test from 'brittle'
import fc from 'fast-check'
import {
  BLT_BYTES_MAX,
  type BltFile,
  NAME_LENGTH_MAX,
  pollOfBlt,
  readBlt,
  writeBlt,
} from '../../../src/agr/stv/blt.ts'
import { count } from '../../../src/agr/stv/count.ts'
import { CANDIDATES_MAX } from '../../../src/agr/stv/rankings.ts'
import { asSheafError, codeOf } from '../../../src/base/errors.ts'

const EXAMPLE = `# a poll
4 2            // candidates, seats
-3             # one has withdrawn
12 1 3 2 0
 5 2 - 4 0     # a blank rank

3 0            # an abstention
0
"Ann # 1" "Ben \\"B\\" \\\\o/"
"Çal"  # a comment
"C:\\dee"
"A title // with slashes"
`

const read = (text: string) => readBlt(new TextEncoder().encode(text))

test('blt - names, comments, withdrawn candidates, weights, blank ranks', (t) => {
  t.alike(read(EXAMPLE), {
    seats: 2,
    candidates: ['Ann # 1', 'Ben "B" \\o/', 'Çal', 'C:\\dee'],
    withdrawn: [2],
    ballots: [
      { weight: 12, ranking: [0, 2, 1] },
      { weight: 5, ranking: [1, 3] },
      { weight: 3, ranking: [] },
    ],
    title: 'A title // with slashes',
  })
  const transcript = count(pollOfBlt(read(EXAMPLE)))
  t.alike(transcript.elected, [1, 2])
  t.alike(transcript.withdrawn, [3])
  t.is(transcript.ballots, 17)
  t.is(transcript.abstained, 3)
})

test('blt - a file without title, on lines of another system, or in one line', (t) => {
  t.is(read('1 1\r\n1 1 0\r\n0\r\n"A"\r\n').title, '')
  t.alike(read('2 1 1 1 2 0 2 2 0 0 "A" "B" "T"').ballots.length, 2)
})

test('blt - what is written reads as it was', (t) => {
  const name = fc
    .string({ unit: 'grapheme', maxLength: 20 })
    .filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed())
  const file: fc.Arbitrary<BltFile> = fc.integer({ min: 1, max: 6 }).chain((size) => {
    const candidate = fc.integer({ min: 0, max: size - 1 })
    return fc.record({
      seats: fc.integer({ min: 1, max: 9 }),
      candidates: fc.array(name, { minLength: size, maxLength: size }),
      withdrawn: fc.uniqueArray(candidate),
      ballots: fc.array(
        fc.record({ weight: fc.integer({ min: 1 }), ranking: fc.array(candidate, { maxLength: 8 }) }),
        { maxLength: 12 },
      ),
      title: name,
    })
  })
  fc.assert(
    fc.property(file, (each) => {
      return JSON.stringify(read(writeBlt(each))) === JSON.stringify(each)
    }),
    { seed: 4, numRuns: 200 },
  )
  t.pass()
})

test('blt - two of one name draw different lots', (t) => {
  const poll = pollOfBlt(read('2 1\n1 1 0\n1 2 0\n0\n"Sam" "Sam" "T"'))
  t.unlike(poll.candidates[0]?.lotName, poll.candidates[1]?.lotName)
  t.is(count(poll).lots.length, 1)
})

test('blt - seats, rule, seed and roles can be set from outside', (t) => {
  const file = read('2 1\n1 1 0\n1 2 0\n0\n"A" "B" "T"')
  t.alike(count(pollOfBlt(file, { statusQuo: 1 })).elected, [2])
  t.alike(count(pollOfBlt(file, { reopen: 1 })).elected, [1])
  t.is(pollOfBlt(file, { seats: 9 }).rule.id, 'wigm-fixed/1')
  t.is(pollOfBlt(file, { rule: 'scottish/1', seats: 2 }).rule.id, 'scottish/1')
  t.unlike(pollOfBlt(file, { seed: 'other' }).seed, pollOfBlt(file).seed)
  t.is(
    codeOf(() => pollOfBlt(file, { rule: 'wigm-exact/1', seats: 9 })),
    'BAD_ARGUMENT',
  )
})

test('blt - hostile: each fault has its code and tells the line', (t) => {
  const faults: [text: string, code: string][] = [
    ['', 'TRUNCATED'],
    ['# nothing', 'TRUNCATED'],
    ['2', 'TRUNCATED'],
    ['2 1', 'TRUNCATED'],
    ['2 1\n1 1', 'TRUNCATED'],
    ['2 1\n1 1 0', 'TRUNCATED'],
    ['2 1\n1 1 0\n0', 'TRUNCATED'],
    ['2 1\n1 1 0\n0\n"A"', 'TRUNCATED'],
    ['2 1\n1 1 0\n0\n"A" "B', 'TRUNCATED'],
    ['2 1\n1 1 0\n0\n"A" "B\n"', 'BAD_TEXT'],
    ['2 1\n1 1 0\n0\n"A" "\u001b[31mB"', 'BAD_TEXT'],
    ['2 1\n1 1 0\n0\n"A" B', 'BAD_FORMAT'],
    ['2 1\n1 1 0\n0\n"A" "B" "T" "more"', 'TRAILING_BYTES'],
    ['2 1\n1 1 0\n0\n"A" "B" "T"\n3 1 0', 'TRAILING_BYTES'],
    [`1 1\n0\n"${'x'.repeat(NAME_LENGTH_MAX + 1)}"`, 'TOO_LARGE'],
    ['0 1\n0\n', 'BAD_FORMAT'],
    ['2 0\n0\n"A" "B"', 'BAD_FORMAT'],
    ['-2 1', 'BAD_FORMAT'],
    ['2 -1', 'BAD_FORMAT'],
    ['2 NaN', 'BAD_FORMAT'],
    ['Infinity 1', 'BAD_FORMAT'],
    ['1e3 1', 'BAD_FORMAT'],
    ['0x10 1', 'BAD_FORMAT'],
    ['2.0 1', 'BAD_FORMAT'],
    [`${CANDIDATES_MAX + 1} 1`, 'TOO_LARGE'],
    ['10000 1', 'TOO_LARGE'],
    ['99999999999999999999 1', 'TOO_LARGE'],
    ['2 1\n1 3 0\n0', 'BAD_FORMAT'],
    ['2 1\n1 -1 0\n0', 'BAD_FORMAT'],
    ['2 1\n1 NaN 0\n0', 'BAD_FORMAT'],
    ['2 1\n1 1=2 0\n0', 'BAD_FORMAT'],
    ['2 1\n1.5 1 0\n0', 'BAD_FORMAT'],
    ['2 1\n-1 1 0\n0', 'TRUNCATED'],
    ['2 1\n1 1 0\n-2\n0', 'BAD_FORMAT'],
    ['2 1\n-3\n0', 'BAD_FORMAT'],
    ['2 1\n-\n0', 'BAD_FORMAT'],
    ['2 1\n00 1 0\n0', 'BAD_FORMAT'],
    ['2 1\n9007199254740992 1 0\n0', 'TOO_LARGE'],
    ['2 1\n0\n"A" "B" \ud800', 'BAD_FORMAT'],
  ]
  for (const [text, code] of faults)
    t.is(
      codeOf(() => read(text)),
      code,
      JSON.stringify(text.slice(0, 40)),
    )
  t.is(
    codeOf(() => readBlt(Uint8Array.of(0x31, 0xff, 0xfe))),
    'BAD_TEXT',
  )
  t.is(
    codeOf(() => readBlt(new Uint8Array(BLT_BYTES_MAX + 1))),
    'TOO_LARGE',
  )
  const heavy = read('1 1\n9007199254740991 1 0\n9007199254740991 1 0\n0\n"A"')
  t.is(
    codeOf(() => pollOfBlt(heavy)),
    'TOO_LARGE',
    'together they weigh too much',
  )
  try {
    read('2 1\n# a comment\n1 1 0\n4 2 7 0\n0')
    t.fail('a candidate 7 of 2')
  } catch (error) {
    t.is(asSheafError(error).message, 'line 4: there is no candidate 7; they are numbered 1 to 2')
  }
})

test('blt - hostile: random bytes and cut files end in a code or a file', (t) => {
  const bytes = new TextEncoder().encode(EXAMPLE)
  for (let end = 0; end < bytes.length; end++) {
    const code = codeOf(() => readBlt(bytes.subarray(0, end)))
    if (code === 'INTERNAL') t.fail(`cut at ${end}`)
  }
  const piece = fc.constantFrom(
    '1',
    '0',
    ' ',
    '\n',
    '"',
    '-',
    '=',
    '#',
    '//',
    '\\',
    '9'.repeat(30),
    'A',
    '\0',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      return codeOf(() => count(pollOfBlt(read(pieces.join(''))))) !== 'INTERNAL'
    }),
    { seed: 4, numRuns: 2000 },
  )
  t.pass()
})

test('blt - hostile: a ballot of a million places, and a million ballots', (t) => {
  const places = Array.from({ length: 1_000_000 }, (_, i) => 1 + (i % 3)).join(' ')
  t.alike(count(pollOfBlt(read(`3 1\n5 ${places} 0\n0\n"A" "B" "C"`))).elected, [1])
  const ballots = '1 2 1 0\n'.repeat(1_000_000)
  const transcript = count(pollOfBlt(read(`3 1\n${ballots}0\n"A" "B" "C"`)))
  t.is(transcript.ballots, 1_000_000)
  t.alike(transcript.elected, [2])
})
