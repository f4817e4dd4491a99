import test from 'brittle'
import { seededRandom } from '../../src/base/seeded.ts'
import { People } from '../../src/node/people.ts'

const random = seededRandom('people')

test('people - who certifies devices without end makes nobody else forgotten', (t) => {
  const people = new People()
  const honest = Array.from({ length: 5 }, () => ({ device: random(32), entity: random(32) }))
  for (const { device, entity } of honest) people.learn(device, entity)
  const hostile = random(32)
  for (let i = 0; i < 5_000; i++) people.learn(random(32), hostile)
  t.is(people.count(honest.map(({ device }) => device)), 5)
})

test('people - who is met again is not the next to be forgotten, and nothing is counted anew for it', (t) => {
  const people = new People()
  const [first, second] = [random(32), random(32)]
  people.learn(first, random(32))
  const entity = random(32)
  people.learn(second, entity)
  for (let i = 0; i < 4_094; i++) people.learn(random(32), random(32))
  const { version } = people
  people.learn(second, entity)
  t.is(people.version, version)
  people.learn(random(32), random(32))
  t.is(people.entityOf(first), undefined)
  t.alike(people.entityOf(second), entity)
})
