/** The operator's rules on disk. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../../src/base/errors.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { readRules, rulesPath, writeRules } from '../../../src/node/io/rules-file.ts'
import type { Rule } from '../../../src/node/rules.ts'
import { tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

const rule = (n: number): Rule => ({
  type: n % 2 === 0 ? 'deny' : 'block',
  id: sha256(Uint8Array.of(n)),
  about: `@x/page ${n}`,
  why: 'because "of" that\n',
  sinceMs: n,
})

test('rules file - a home without one has no rules', (t) => {
  t.alike(readRules(tempHome(t)), [])
})

test('rules file - what was written is read, and only its owner may read it', (t) => {
  const home = tempHome(t)
  const rules = [0, 1, 2].map(rule)
  writeRules(home, rules)
  t.alike(readRules(home), rules)
  t.is(statSync(rulesPath(home)).mode & 0o777, 0o600)
  t.is(readFileSync(rulesPath(home), 'utf8').split('\n').length, 9, 'a rule a line')
  writeRules(home, [])
  t.alike(readRules(home), [])
})

test('rules file - any rules come back as they were', (t) => {
  const home = tempHome(t)
  const any = fc.record({
    type: fc.constantFrom('deny' as const, 'block' as const),
    id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    about: fc.string({ maxLength: 100 }),
    why: fc.string({ unit: 'grapheme', maxLength: 100 }),
    sinceMs: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 5 }), (rules) => {
      writeRules(home, rules)
      const bytes = (one: Rule): unknown => ({ ...one, id: [...one.id] })
      return JSON.stringify(readRules(home).map(bytes)) === JSON.stringify(rules.map(bytes))
    }),
    parameters({ numRuns: 30 }),
  )
  t.pass()
})

test('rules file - one that cannot be read is an error, and not an empty list', (t) => {
  const home = tempHome(t)
  writeRules(home, [rule(1)])
  const whole = readFileSync(rulesPath(home), 'utf8')
  const spoiled = [
    '',
    '[]',
    'null',
    whole.slice(0, -8),
    whole.replace('"format": 1', '"format": 2'),
    whole.replace('"block"', '"ban"'),
    whole.replace('"id":"', '"id":"1'),
    whole.replace('"sinceMs":1', '"sinceMs":-1'),
    whole.replace('"sinceMs":1', '"sinceMs":1,"more":1'),
  ]
  for (const text of spoiled) {
    writeFileSync(rulesPath(home), text)
    t.is(
      codeOf(() => readRules(home)),
      'BAD_STORE',
      text.slice(0, 40),
    )
  }
  writeFileSync(rulesPath(home), whole)
  chmodSync(rulesPath(home), 0o000)
  const isRoot = process.getuid?.() === 0
  t.is(
    codeOf(() => readRules(home)),
    isRoot ? undefined : 'BAD_STORE',
  )
})
