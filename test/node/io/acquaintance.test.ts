import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'brittle'
import { acquaintance } from '../../../src/node/io/acquaintance.ts'
import { changeNames, namesPath } from '../../../src/node/io/names-file.ts'
import { withName, withoutName } from '../../../src/node/names.ts'

const idOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const [own, ann, stranger] = [idOf(1), idOf(2), idOf(3)]

test('acquaintance - oneself and who has a name are trusted, as the names are now', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'acquaintance-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  let nowMs = 0
  const trustOf = acquaintance(home, own, () => nowMs)
  const all = () => [own, ann, stranger].map(trustOf)
  t.alike(all(), [1, 0, 0], 'without a file')
  mkdirSync(join(home, 'names'), { recursive: true })
  changeNames(home, (names) => withName(names, { name: 'ann', entity: ann, sinceMs: 1 }))
  t.alike(all(), [1, 0, 0], 'the file is not looked at for each question')
  nowMs += 1_000
  t.alike(all(), [1, 1, 0])
  writeFileSync(namesPath(home), 'no names')
  nowMs += 1_000
  t.alike(all(), [1, 1, 0], 'a broken file changes nothing')
  rmSync(namesPath(home))
  changeNames(home, (names) => withName(names, { name: 'ann', entity: stranger, sinceMs: 1 }))
  nowMs += 1_000
  t.alike(all(), [1, 0, 1])
  changeNames(home, (names) => withoutName(names, 'ann'))
  nowMs += 1_000
  t.alike(all(), [1, 0, 0])
})
