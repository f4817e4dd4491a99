import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { RotatingLog } from '../../../src/node/io/rotating-log.ts'
import { tempHome } from '../../helpers/home.ts'

test('rotating log - however much is said, a few files of bounded size are left, the newest lines in them', (t) => {
  const folder = tempHome(t)
  const path = join(folder, 'sheaf.log')
  const limits = { bytesMax: 1_000, kept: 2 }
  let log = new RotatingLog(path, limits)
  for (let i = 0; i < 500; i++) {
    if (i === 250) {
      log.close()
      log = new RotatingLog(path, limits)
    }
    log.write(`line ${i}\n`)
  }
  log.close()
  const files = readdirSync(folder).filter((name) => name.startsWith('sheaf.log'))
  t.alike(files.sort(), ['sheaf.log', 'sheaf.log.1', 'sheaf.log.2'])
  for (const name of files) {
    const { size, mode } = statSync(join(folder, name))
    t.ok(size <= 1_000 && size > 0)
    t.is(mode & 0o777, 0o600)
  }
  const kept = ['.2', '.1', ''].map((end) => readFileSync(`${path}${end}`, 'utf8')).join('')
  const numbers = kept
    .trim()
    .split('\n')
    .map((line) => Number(line.slice(5)))
  t.is(numbers.at(-1), 499)
  t.alike(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => 500 - numbers.length + i),
    'no line is lost between them, and none is cut',
  )
})

test('rotating log - a line longer than the limit is written whole', (t) => {
  const path = join(tempHome(t), 'sheaf.log')
  const log = new RotatingLog(path, { bytesMax: 10, kept: 1 })
  log.write(`${'x'.repeat(100)}\n`)
  log.write('y\n')
  log.close()
  t.is(readFileSync(`${path}.1`, 'utf8').length, 101)
  t.is(readFileSync(path, 'utf8'), 'y\n')
})
