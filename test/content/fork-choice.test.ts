import test from 'brittle'
import { sha256 } from '../../src/base/hash.ts'
import { descend } from '../../src/content/fork-choice.ts'
import { History, type HistoryEntry } from '../../src/content/history.ts'
import { hex, utf8 } from '../helpers/bytes.ts'

const idOf = (name: string | number): Uint8Array => sha256(utf8(`${name}`))
const entry = (name: string | number, parents: (string | number)[]): HistoryEntry => ({
  id: idOf(name),
  parents: parents.map(idOf),
})
const NO_TRUST = (): number => 0

/*  a ── b ── d      b and c lead to both ends by way of crossed merges, so a bookmark on d tells nothing at a, and all at b
 *   ╲  ╳  ╱
 *    c ── e          */
test('fork choice - a bookmark that stands on every side decides at the next fork', (t) => {
  const history = new History([
    entry('a', []),
    entry('b', ['a']),
    entry('c', ['a']),
    entry('d', ['b', 'c']),
    entry('e', ['b', 'c']),
  ])
  for (const marked of ['d', 'e']) {
    const { head, forks } = descend(
      history,
      history.heads,
      [{ trust: 1, versions: [idOf(marked)] }],
      NO_TRUST,
    )
    t.is(hex(head.id), hex(idOf(marked)))
    t.is(forks.length, 1)
    t.is(forks[0]?.rule, 'more bookmarks')
    t.ok(
      [idOf('b'), idOf('c')].some((id) => hex(id) === hex(forks[0]!.at!)),
      'not at a, where nothing is parted',
    )
  }
})

test('fork choice - beginnings without a shared version are a fork at no version', (t) => {
  const history = new History([entry('a', ['lost']), entry('b', ['lost too'])])
  const { forks } = descend(history, history.heads, [], NO_TRUST)
  t.alike(
    forks.map(({ at, rule, among }) => [at, rule, among.length]),
    [[undefined, 'smallest id', 2]],
  )
})

/*  0 ── 1 ── 2 ── …      each with a version beside it that nothing follows */
test('fork choice - a line of two thousand forks, and as many voters, come to an end', (t) => {
  const count = 2_000
  const entries: HistoryEntry[] = [entry(0, [])]
  for (let i = 1; i <= count; i++) entries.push(entry(i, [i - 1]), entry(`beside ${i}`, [i - 1]))
  const history = new History(entries)
  t.is(history.heads.length, count + 1)
  const voters = Array.from({ length: count }, () => ({ trust: 0.5, versions: [idOf(count)] }))
  const { head, forks } = descend(history, history.heads, voters, NO_TRUST)
  t.is(hex(head.id), hex(idOf(count)))
  t.is(forks.length, count)
})
