import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { makeFolders } from '../../../src/node/io/make-folders.ts'
import { tempHome } from '../../helpers/home.ts'

const codeOf = (work: () => void): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

test('folders - those above it are made, one that is there stays', (t) => {
  const home = tempHome(t)
  makeFolders(join(home, 'a/b/c'), 0o700)
  t.is(statSync(join(home, 'a/b')).mode & 0o777, 0o700)
  makeFolders(join(home, 'a/b/c'))
  mkdirSync(join(home, 'd'))
  symlinkSync(join(home, 'd'), join(home, 'link'))
  makeFolders(join(home, 'link/e'))
  t.ok(existsSync(join(home, 'd/e')))
})

test('folders - what is no folder is in the way, and where none can be made that is said at once', (t) => {
  const home = tempHome(t)
  writeFileSync(join(home, 'file'), '')
  symlinkSync(join(home, 'nothing'), join(home, 'dangling'))
  t.is(
    codeOf(() => makeFolders(join(home, 'file'))),
    'EEXIST',
  )
  t.is(
    codeOf(() => makeFolders(join(home, 'file/below'))),
    'ENOTDIR',
  )
  t.is(
    codeOf(() => makeFolders(join(home, 'dangling'))),
    'EEXIST',
  )
  t.is(
    codeOf(() => makeFolders(join(home, '\0'))),
    'ERR_INVALID_ARG_VALUE',
  )
  if (existsSync('/proc/self'))
    t.is(
      codeOf(() => makeFolders('/proc/sheaf/below')),
      'ENOENT',
    )
})
