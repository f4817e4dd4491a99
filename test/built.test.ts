/** The program as it is built: what is loaded when, and that nothing was lost on the way into two files. */
import { type ExecFileException, execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import * as source from '../src/index.ts'
import { tempHome } from './helpers/home.ts'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const MAIN = join(DIST, 'cli/main.js')
const LOADER = JSON.stringify(join(DIST, 'open.cjs'))

test('built - the library exports what its source does', async (t) => {
  const built = (await import(join(DIST, 'index.js'))) as Record<string, unknown>
  t.alike(Object.keys(built).sort(), Object.keys(source).sort())
  const { idFromText, SheafError } = built as typeof source
  try {
    idFromText('short')
    t.fail('it is no id')
  } catch (error) {
    t.ok(error instanceof SheafError, 'one class, whichever part throws it')
  }
})

test('built - a command that asks the daemon opens the light part alone', async (t) => {
  const home = tempHome(t)
  for (const command of [['status'], ['get', '@me/a'], ['list'], ['--version']]) {
    const told = `process.on('exit', () => console.log('node:', require(${LOADER}).compiled('node') !== undefined))`
    const hook = join(home, 'hook.cjs')
    writeFileSync(hook, told)
    const { text } = await node('--require', hook, MAIN, '--home', home, ...command)
    t.ok(text.includes('node: false\n'), command.join(' '))
  }
})

test('built - traces name the source where maps are asked for', async (t) => {
  const script = `require(${LOADER}).open('node', 'index.ts').idFromText('short')`
  const { text } = await node('--enable-source-maps', '-e', script)
  t.ok(/text-id\.ts:\d+/.test(text))
})

test('built - what is compiled is taken: V8 does not refuse it on the machine that built it', async (t) => {
  const script = `
    const vm = require('node:vm')
    const { Script } = vm
    vm.Script = class extends Script {
      constructor(...args) {
        super(...args)
        console.log('refused:', this.cachedDataRejected)
      }
    }
    const { open } = require(${LOADER})
    open('node', 'index.ts')`
  const { text } = await node('-e', script)
  t.is(text, 'refused: false\nrefused: false\n')
})

test('built - packages with machine code are found, and bring their own JavaScript where they are of another version', async (t) => {
  const run = (version: string) =>
    node(
      '-e',
      `
      const bundle = require(${LOADER})
      const { native } = bundle
      const loaded = new Set()
      bundle.native = (way) => {
        const found = native(way)
        const load = () => loaded.add(way.at(-1)) && found.load()
        return { ...found, version: ${version}, load }
      }
      const { deviceKeyPair } = bundle.open('node', 'index.ts')
      deviceKeyPair(Buffer.alloc(32))
      console.log([...loaded].sort().join(' '))`,
    )
  t.is((await run('found.version')).text, '\n', 'as they were built')
  const others = (await run("'0.0.0'")).text.trim().split(' ')
  t.ok(
    others.length >= 5 && others.includes('sodium-native') && others.includes('rocksdb-native'),
    others.join(' '),
  )
})

test('built - a node runs, publishes, shows, finds and stops', async (t) => {
  const home = tempHome(t)
  const sheaf = (...args: string[]) => node(MAIN, '--home', home, ...args)
  const page = join(home, 'page.md')
  writeFileSync(page, '# Bees\n\nOf a [hive](hive).\n')
  const network = [
    '--network',
    'built',
    '--puzzle-bits',
    '4',
    '--host',
    '127.0.0.1',
    '--bootstrap',
    '127.0.0.1:9',
  ]
  t.is((await sheaf('init', ...network)).code, 0)
  t.is((await sheaf('start', '--daemon')).code, 0)
  try {
    await sheaf('publish', page, '--as', 'bees', '--wait', '0')
    t.is((await sheaf('get', 'bees')).text, readFileSync(page, 'utf8'))
    t.ok((await sheaf('get', 'bees', '--html')).text.includes('<h1'), 'the thread that renders')
    t.ok((await sheaf('search', 'hive')).text.includes('/bees'), 'the thread that searches')
    t.ok((await sheaf('status')).text.includes('network     built'))
  } finally {
    t.is((await sheaf('stop')).code, 0)
  }
})

function node(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr })
    })
  })
}
