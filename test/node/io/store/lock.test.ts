import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { SheafError } from '../../../../src/base/errors.ts'
import { type HomeLock, lockHome } from '../../../../src/node/io/store/lock.ts'
import { tempHome } from '../../../helpers/home.ts'
import { until } from '../../../helpers/until.ts'

const LOCK = new URL('../../../../src/node/io/store/lock.ts', import.meta.url).href

test('lock - a home has one holder at a time, in this process too', (t) => {
  const home = join(tempHome(t), 'made', 'by lock')
  const lock = lockHome(home)
  const error = refusal(home)
  t.is(error.code, 'ALREADY_RUNNING')
  t.ok(error.message.includes('this process'))
  t.ok(error.hint?.includes('sheaf stop'))
  t.is(statSync(home).mode & 0o777, 0o700, 'nobody else may look into it')

  lock.release()
  lock.release()
  const next = lockHome(home)
  t.is(next.birthmark, lock.birthmark, 'the same home')
  cpSync(home, `${home} copied`, { recursive: true })
  const copy = lockHome(`${home} copied`)
  t.not(copy.birthmark, lock.birthmark, 'a copy is another home')
  copy.release()
  t.is(readFileSync(join(home, 'lock'), 'utf8'), `${process.pid}\n`)
  next.release()
})

test('lock - another process is told who has it, and gets it when that one is killed', async (t) => {
  const home = tempHome(t)
  const source = `import(${JSON.stringify(LOCK)}).then(({ lockHome }) => {
    lockHome(${JSON.stringify(home)}); process.send('locked'); process.on('message', () => {}) })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', source], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await until(child, 'message')
  const error = refusal(home)
  t.is(error.code, 'ALREADY_RUNNING')
  t.ok(error.message.includes(`process ${child.pid}`))

  const ended = until(child, 'exit')
  child.kill('SIGKILL')
  await ended
  lockHome(home).release()
  t.pass('free again, and nobody deleted a file')
})

test('lock - a home that is no directory, or may not be written, is a BAD_STORE', (t) => {
  const home = tempHome(t)
  lockHome(home).release()
  t.is(refusal(join(home, 'lock')).code, 'BAD_STORE', 'a file')
  const closed = join(home, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o500)
  if (process.getuid?.() === 0) t.comment('root may write everywhere: the second half is not tested')
  else t.is(refusal(closed).code, 'BAD_STORE', 'a directory without the right to write')
})

function refusal(home: string): SheafError {
  let lock: HomeLock
  try {
    lock = lockHome(home)
  } catch (error) {
    if (error instanceof SheafError) return error
    throw error
  }
  lock.release()
  throw new Error(`${home} was free`)
}
