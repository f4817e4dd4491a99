import test from 'brittle'
import { type Occasion, occasions } from '../../../bench/soak/kill/occasions.ts'
import { seededRandom } from '../../../src/base/seeded.ts'

const dealt = (seed: string, count: number): Occasion[] => {
  const deck = occasions(seededRandom(seed))
  return Array.from({ length: count }, () => deck.next().value)
}

test('occasions - the same seed deals the same kills, another seed others', (t) => {
  t.alike(dealt('a', 100), dealt('a', 100))
  t.unlike(dealt('a', 100), dealt('b', 100))
})

test('occasions - the first kill of each role comes while pages are written', (t) => {
  for (let seed = 0; seed < 50; seed++) {
    const [publisher, holder] = dealt(String(seed), 2)
    t.is(`${publisher!.role} ${publisher!.type}`, 'publisher writing')
    t.is(`${holder!.role} ${holder!.type}`, 'holder writing')
  }
})

test('occasions - a hundred kills leave out no kind, no role and no moment of a write', (t) => {
  const all = dealt('c', 100)
  for (const role of ['publisher', 'holder']) {
    const types = new Set(all.filter((one) => one.role === role).map(({ type }) => type))
    t.alike([...types].sort(), ['migrating', 'reindexing', 'starting', 'stopping', 'writing'], role)
  }
  const moments = new Set(all.flatMap((one) => (one.type === 'writing' ? [one.strike.moment] : [])))
  t.alike([...moments].sort(), [
    'answering',
    'appended',
    'appending',
    'indexed',
    'indexing',
    'noted',
    'noting',
    'synced',
    'syncing',
  ])
})
