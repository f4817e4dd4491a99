import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { codeOf } from '../../../src/base/errors.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { currentIncarnation } from '../../../src/node/io/incarnation.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'
import { tempHome } from '../../helpers/home.ts'

const FIRST = new Uint8Array(16).fill(1)

/** What a start in `home` finds. */
function start(home: string, random = seededRandom('incarnation')) {
  const lock = lockHome(home)
  try {
    return currentIncarnation(lock, FIRST, random)
  } finally {
    lock.release()
  }
}

test('incarnation - a home keeps the one that its identity was made with', (t) => {
  const home = tempHome(t)
  t.alike(start(home), { bytes: FIRST, isNew: false })
  t.alike(Buffer.from(start(home).bytes), Buffer.from(FIRST))
  t.is(statSync(join(home, 'incarnation')).mode & 0o777, 0o600)
})

test('incarnation - a copied home draws a new one, once, and the old home keeps its own', (t) => {
  const home = tempHome(t)
  const copy = join(tempHome(t), 'copy')
  start(home)
  cpSync(home, copy, { recursive: true })
  const drawn = start(copy)
  t.is(drawn.isNew, true)
  t.unlike(Buffer.from(drawn.bytes), Buffer.from(FIRST))
  const again = start(copy, seededRandom('another'))
  t.is(again.isNew, false)
  t.alike(Buffer.from(again.bytes), Buffer.from(drawn.bytes))
  t.is(start(home).isNew, false)
})

test('incarnation - a damaged file is refused and says what to do', (t) => {
  const home = tempHome(t)
  start(home)
  for (const text of [
    '',
    'x',
    `${'0'.repeat(31)} 1\n`,
    readFileSync(join(home, 'incarnation'), 'utf8').trim(),
  ]) {
    writeFileSync(join(home, 'incarnation'), text)
    t.is(
      codeOf(() => start(home)),
      'BAD_STORE',
    )
  }
})
