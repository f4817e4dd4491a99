import test from 'brittle'
import { count } from '../../../src/agr/stv/count.ts'
import { reportText, tableText } from '../../../src/agr/stv/report.ts'
import { ballotsOf, pollFrom, RULE_IDS, randomDraft, randomFrom } from './fixture.ts'

test('report - a person can follow a count from first preferences to the last seat', (t) => {
  const names = ['Ann', 'Ben', 'Cal', 'Dee']
  const poll = pollFrom({
    rule: 'wigm-exact/1',
    seats: 3,
    names,
    ballots: ballotsOf(names, '3 Ann Ben', '1 Cal', '1 Dee'),
    seed: '7',
  })
  t.is(
    reportText(count(poll)),
    `3 seats, 5 ballots, 4 candidates, counted by wigm-exact/1.
Quota: more than 5/4.

Stage 1: first preferences.
  papers worth 1 each: 3 to Ann, 1 to Cal, 1 to Dee
  elected: Ann, with 3

Stage 2: the surplus of Ann, 7/4, goes on.
  papers worth 7/12 each: 3 to Ben
  elected: Ben, with 7/4

Stage 3: the surplus of Ben, 1/2, goes on.
  papers worth 1/6 each: 3 to nobody
  tie for exclusion between Cal, Dee: lot 1 points to Cal

Stage 4: Cal is excluded.
  papers worth 1 each: 1 to nobody
  elected: Dee, as left over, with 1

Lot 1, stage 3, exclusion: Dee (02abf6c4…) before Cal (9cd7a16c…)
Lots are ordered by a hash of the seed 98e6ef5173d2edc4… and the candidate.
The seed of a group is who voted: the last to vote could have changed it by staying away.

stage        1    2    3    4
Ann          3  5/4  5/4  5/4
Ben          0  7/4  5/4  5/4
Cal          1    1    1    0
Dee          1    1    1    1
exhausted    0    0  1/2  3/2
quota      5/4  5/4  5/4  5/4

Elected, in this order: Ann; Ben; Dee.`,
  )
})

test('report - every number, name and decision of any transcript finds its place', (t) => {
  const random = randomFrom(11)
  for (let i = 0; i < 400; i++) {
    const draft = randomDraft(RULE_IDS[i % 4] ?? 'scottish/1', random)
    const transcript = count(pollFrom(draft))
    const text = reportText(transcript)
    const isWhole =
      transcript.stages.every((_, stage) => text.includes(`Stage ${stage + 1}: `)) &&
      transcript.candidates.every((name) => text.includes(name)) &&
      transcript.lots.every((_, lot) => text.includes(`Lot ${lot + 1}, `)) &&
      !/undefined|NaN|null/.test(text)
    if (!isWhole) return t.fail(`${JSON.stringify(draft)}: ${text}`)
  }
  t.pass()
})

test('report - hostile: a name can neither steer a terminal nor break the table', (t) => {
  const names = ['\u001b[2J\u0007\nA', `${'wide'.repeat(100)}`, '\u202eevil']
  const text = reportText(
    count(pollFrom({ rule: 'scottish/1', seats: 1, names, ballots: [{ weight: 2, ranking: [0, 1] }] })),
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
  t.absent(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(text))
  t.ok(text.includes('\u{fffd}[2J'))
})

test('report - a table of many stages is cut into blocks of a page', (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `Candidate ${i + 1}`)
  const ballots = names.map((_, i) => ({ weight: i + 1, ranking: [i, (i * 7) % 30, (i * 11) % 30] }))
  const table = tableText(count(pollFrom({ rule: 'wigm-exact/1', seats: 4, names, ballots })))
  t.ok(table.split('\n').every((line) => line.length <= 100))
  t.ok(table.split('\n\n').length > 1)
})
