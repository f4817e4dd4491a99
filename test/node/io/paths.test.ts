import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../../src/base/errors.ts'
import { makePrivateFolder, pathsOf, SOCKET_PATH_BYTES_MAX } from '../../../src/node/io/paths.ts'
import { tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

test('paths - everything is in one folder where one is named', (t) => {
  const paths = {
    home: '/srv/sheaf',
    config: '/srv/sheaf/config.toml',
    identity: '/srv/sheaf/identity.json',
    log: '/srv/sheaf/log/sheaf.log',
    socket: '/srv/sheaf/control.sock',
  }
  t.alike(pathsOf('/srv/sheaf', { SHEAF_HOME: '/other', XDG_DATA_HOME: '/data' }, '/'), paths, 'a flag')
  t.alike(pathsOf(undefined, { SHEAF_HOME: '/srv/sheaf', XDG_DATA_HOME: '/data' }, '/'), paths, 'a variable')
  t.alike(pathsOf('sheaf', {}, '/srv'), paths, 'relative to where one is')
})

test('paths - else they follow the XDG directories', (t) => {
  t.alike(pathsOf(undefined, { HOME: '/u', SHEAF_HOME: '' }, '/'), {
    home: '/u/.local/share/sheaf',
    config: '/u/.config/sheaf/config.toml',
    identity: '/u/.local/share/sheaf/identity.json',
    log: '/u/.local/state/sheaf/sheaf.log',
    socket: '/u/.local/share/sheaf/control.sock',
  })
  const env = {
    HOME: '/u',
    XDG_CONFIG_HOME: '/c',
    XDG_DATA_HOME: '/d',
    XDG_STATE_HOME: 'relative',
    XDG_RUNTIME_DIR: '/run/1',
  }
  t.alike(pathsOf(undefined, env, '/'), {
    home: '/d/sheaf',
    config: '/c/sheaf/config.toml',
    identity: '/d/sheaf/identity.json',
    log: '/u/.local/state/sheaf/sheaf.log',
    socket: '/run/1/sheaf/control.sock',
  })
})

test('paths - the socket of a long home is short, the same each time, and its own', (t) => {
  const env = { XDG_RUNTIME_DIR: '/run/1' }
  const long = pathsOf(`/${'a'.repeat(200)}`, env, '/')
  t.ok(long.socket.startsWith('/run/1/sheaf-'))
  t.is(pathsOf(`/${'a'.repeat(200)}`, env, '/').socket, long.socket)
  t.not(pathsOf(`/${'a'.repeat(201)}`, env, '/').socket, long.socket)
  const folder = fc.string({ unit: 'grapheme', maxLength: 300 }).map((text) => text.replaceAll('\0', ''))
  fc.assert(
    fc.property(folder, folder, (home, runtime) => {
      const { socket } = pathsOf(`/${home}`, { XDG_RUNTIME_DIR: `/${runtime}` }, '/')
      return Buffer.byteLength(socket) <= SOCKET_PATH_BYTES_MAX
    }),
    parameters(),
  )
  t.ok(SOCKET_PATH_BYTES_MAX <= 107)
})

test('paths - a private folder is private, also where it was there before', (t) => {
  const home = tempHome(t)
  const made = join(home, 'a', 'b')
  makePrivateFolder(made)
  t.is(statSync(made).mode & 0o777, 0o700)
  t.is(statSync(join(home, 'a')).mode & 0o777, 0o700)
  chmodSync(made, 0o755)
  makePrivateFolder(made)
  t.is(statSync(made).mode & 0o777, 0o700)
})

test('paths - a link, a file or a stranger’s folder is not taken for ours', (t) => {
  const home = tempHome(t)
  mkdirSync(join(home, 'elsewhere'))
  symlinkSync(join(home, 'elsewhere'), join(home, 'link'))
  t.is(
    codeOf(() => makePrivateFolder(join(home, 'link'))),
    'BAD_STORE',
  )
  writeFileSync(join(home, 'file'), '')
  t.is(
    codeOf(() => makePrivateFolder(join(home, 'file'))),
    'BAD_STORE',
  )
  if (process.getuid?.() !== 0) return
  chownSync(join(home, 'elsewhere'), 12_345, 12_345)
  t.is(
    codeOf(() => makePrivateFolder(join(home, 'elsewhere'))),
    'REFUSED',
  )
})
