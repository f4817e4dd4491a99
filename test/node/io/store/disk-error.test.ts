import test from 'brittle'
import { SheafError } from '../../../../src/base/errors.ts'
import { diskError } from '../../../../src/node/io/store/disk-error.ts'

test('disk error - what the disk complains of has a code, however deep it lies', (t) => {
  const system = (code: string): Error => Object.assign(new Error(`${code}: something, write`), { code })
  const rocks = new Error('Batch was not applied', {
    cause: new Error('IO error: No space left on device: While appending to file: 000004.log'),
  })
  const level = Object.assign(
    new Error('Database failed to open', { cause: new Error('IO error: index/LOCK: Permission denied') }),
    {
      code: 'LEVEL_DATABASE_NOT_OPEN',
    },
  )
  const cases: [Error, string, RegExp][] = [
    [system('ENOSPC'), 'DISK_FULL', /full/],
    [system('EDQUOT'), 'DISK_FULL', /full/],
    [rocks, 'DISK_FULL', /full/],
    [system('EROFS'), 'BAD_STORE', /read-only/],
    [system('EACCES'), 'BAD_STORE', /permission/],
    [level, 'BAD_STORE', /permission/],
    [system('EMFILE'), 'BAD_STORE', /open files/],
    [system('EIO'), 'BAD_STORE', /EIO/],
    [new Error('Corruption: bad block'), 'BAD_STORE', /damaged/],
  ]
  for (const [cause, code, words] of cases) {
    const error = diskError(cause, 'cannot store blocks')
    t.is(error.code, code, cause.message)
    t.ok(words.test(error.message) && error.message.startsWith('cannot store blocks: '), error.message)
    t.absent(error.message.includes('\n'), 'one line')
    t.is(error.cause, cause)
  }
})

test('disk error - one that already has a code stays as it is, and nonsense does no harm', (t) => {
  const error = new SheafError('TOO_LARGE', 'x')
  t.is(diskError(error, 'cannot'), error)
  t.is(diskError('text', 'cannot').code, 'BAD_STORE')
  t.is(diskError(new TypeError('x is not a function'), 'cannot').code, 'INTERNAL', 'a mistake of ours')
  const loop = new Error('loop')
  loop.cause = loop
  t.is(diskError(loop, 'cannot').code, 'BAD_STORE')
})
