/** The test runner and the build script, run on planted projects: what they must not let pass. */
import { type ExecFileException, execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { type Teardown, tempHome } from './helpers/home.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const PASSING = `import test from 'brittle'\ntest('it - holds', (t) => t.pass())\n`
const FAILING = `import test from 'brittle'\ntest('it - fails', (t) => t.is(process.env.SEED, 'no seed'))\n`
const EMPTY = `export const nothing = 1\n`
const SILENT = `import test from 'brittle'\ntest('it - never says', () => process.exit(0))\n`
const HANGING = `// timeout: 6s
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import test from 'brittle'
test('it - hangs and has a child', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  writeFileSync('child.pid', String(child.pid))
  for (;;) {}
})
`

test('runner - passing files end with the count and 0', async (t) => {
  const root = plant(t, { 'test/a.test.ts': PASSING, 'test/deep/b.test.ts': PASSING })
  const { code, lines } = await run('test.js', root, ['a.test', 'b.test'])
  t.is(code, 0)
  t.is(lines.at(-1), '2 passed, 0 failed')
})

test('runner - a failing test is printed with its seed', async (t) => {
  const root = plant(t, { 'test/a.test.ts': PASSING, 'test/bad.test.ts': FAILING })
  const { code, lines, text } = await run('test.js', root, ['test/'], { SEED: '4711' })
  t.is(code, 1)
  t.is(lines.at(-1), '1 passed, 1 failed')
  t.ok(text.includes('not ok 1 - it - fails'), 'the output of the file')
  t.ok(text.includes(`actual: 4711`), 'the file got the seed')
  t.ok(text.includes('again: SEED=4711 npm test -- test/bad.test.ts'))
})

test('runner - a file without tests and a file without "# ok" fail', async (t) => {
  const root = plant(t, { 'test/empty.test.ts': EMPTY, 'test/silent.test.ts': SILENT })
  const { code, lines, text } = await run('test.js', root, ['test/'])
  t.is(code, 1)
  t.is(lines.at(-1), '0 passed, 2 failed')
  t.ok(text.includes('test/empty.test.ts: no tests'))
  t.ok(text.includes('test/silent.test.ts: no tests'))
})

test('runner - a hanging file is ended after its stated time, with its children', async (t) => {
  const root = plant(t, { 'test/a.test.ts': PASSING, 'test/hang.test.ts': HANGING })
  const { code, lines, text } = await run('test.js', root, ['test/'])
  t.is(code, 1)
  t.is(lines.at(-1), '1 passed, 1 failed')
  t.ok(text.includes('test/hang.test.ts: timed out'))
  const child = Number(readFileSync(join(root, 'child.pid'), 'utf8'))
  t.absent(isRunning(child), 'its child is gone')
})

test('runner - an unknown filter, option or seed is an error', async (t) => {
  const root = plant(t, { 'test/a.test.ts': PASSING })
  t.is((await run('test.js', root, ['no-such-file'])).code, 1)
  t.is((await run('test.js', root, ['--nonsense'])).code, 2)
  t.is((await run('test.js', root, [], { SEED: '1e3' })).code, 2)
})

test('runner - a type error and a lint error fail the run', async (t) => {
  const sound = plant(t, { 'test/a.test.ts': PASSING, 'src/a.ts': 'export const a: number = 1\n' })
  const passed = await run('test.js', sound, [])
  t.is(passed.lines.at(-1), '1 passed, 0 failed')

  const broken = plant(t, { 'test/a.test.ts': PASSING, 'src/a.ts': "export const a: number = 'one'\n" })
  const types = await run('test.js', broken, [])
  t.is(types.code, 1)
  t.ok(types.text.includes('type check: exit code'))
  t.is(types.lines.at(-1), '1 passed, 1 failed')

  const ugly = plant(t, { 'test/a.test.ts': PASSING, 'src/a.ts': 'export const a: any = 1\n' })
  const lint = await run('test.js', ugly, [])
  t.is(lint.code, 1)
  t.ok(lint.text.includes('biome: exit code'))
})

test('build - makes the bin executable, skips when fresh, removes what lost its source', async (t) => {
  const root = plant(t, {
    'src/cli/main.ts': "#!/usr/bin/env node\nconsole.log('main', process.argv.length)\n",
    'src/base/gone.ts': 'export const gone = 1\n',
  })
  t.is((await run('build.js', root, [])).code, 0)
  t.is((await execute(join(root, 'dist/cli/main.js'), [])).text, 'main 2\n')

  writeFileSync(join(root, 'dist/cli/main.js'), 'marked')
  await run('build.js', root, ['--if-stale'])
  t.is(readFileSync(join(root, 'dist/cli/main.js'), 'utf8'), 'marked', 'a fresh one is left alone')

  rmSync(join(root, 'src/base/gone.ts'))
  await run('build.js', root, ['--if-stale'])
  t.not(readFileSync(join(root, 'dist/cli/main.js'), 'utf8'), 'marked')
  t.absent(existsSync(join(root, 'dist/base')), 'and so is its empty directory')
})

test('build - two at once leave a whole dist, a failing one leaves the last', async (t) => {
  const root = plant(t, {
    'src/a.ts': 'export const a = 1\n',
    'src/index.ts': "export { a } from './a.ts'\n",
  })
  const both = await Promise.all([run('build.js', root, []), run('build.js', root, [])])
  t.alike(
    both.map(({ code }) => code),
    [0, 0],
  )
  t.is(((await import(join(root, 'dist/index.js'))) as { a: number }).a, 1)
  const map = JSON.parse(readFileSync(join(root, 'dist/node.cjs.map'), 'utf8'))
  t.alike(map.sources, ['../src/a.ts', '../src/index.ts', '../src/node.js'])
  const left = readdirSync(join(root, 'dist')).filter((name) => name.startsWith('.building'))
  t.alike(left, [], 'no folder of a build')

  const before = readFileSync(join(root, 'dist/node.cjs'), 'utf8')
  writeFileSync(join(root, 'src/a.ts'), "export const a: number = 'one'\n")
  t.not((await run('build.js', root, ['--if-stale'])).code, 0)
  t.is(readFileSync(join(root, 'dist/node.cjs'), 'utf8'), before)
})

test('build - compiled code of another build, of another place or of nothing is passed over', async (t) => {
  const root = plant(t, {
    'src/index.ts': "export const answer = (): string => 'one' + new Error().stack\n",
  })
  const ask = async (folder: string): Promise<string> =>
    (
      await execute(process.execPath, [
        '-e',
        `import(${JSON.stringify(join(folder, 'dist/index.js'))}).then(({ answer }) => console.log(answer()))`,
      ])
    ).text
  await run('build.js', root, [])
  const compiled = join(root, 'dist/node.compiled')
  const ofOne = readFileSync(compiled)
  t.ok((await ask(root)).includes(join(root, 'dist/node.cjs')))

  const elsewhere = tempHome(t)
  cpSync(root, elsewhere, { recursive: true })
  const moved = await ask(elsewhere)
  t.ok(moved.startsWith('one'))
  t.absent(moved.includes(root), 'traces name the place where it lies')

  writeFileSync(
    join(root, 'src/index.ts'),
    readFileSync(join(root, 'src/index.ts'), 'utf8').replace('one', 'two'),
  )
  await run('build.js', root, [])
  t.ok((await ask(root)).startsWith('two'))
  writeFileSync(compiled, ofOne)
  t.ok((await ask(root)).startsWith('two'), 'as long a part, and other code')
  writeFileSync(compiled, 'nonsense')
  t.ok((await ask(root)).startsWith('two'))
  rmSync(compiled)
  t.ok((await ask(root)).startsWith('two'))
})

test('build - without a compiler it keeps what is there, or says what to do', async (t) => {
  const root = plant(t, { 'src/index.ts': 'export const a = 1\n' })
  await run('build.js', root, [])
  rmSync(join(root, 'node_modules'))
  writeFileSync(join(root, 'src/index.ts'), 'export const a = 2\n')
  t.alike(await run('build.js', root, ['--if-stale']), { code: 0, text: '', lines: [''] })
  rmSync(join(root, 'dist'), { recursive: true })
  const bare = await run('build.js', root, ['--if-stale'])
  t.is(bare.code, 1)
  t.ok(bare.text.includes('npm ci'))
})

/** A project of these files with this project's packages, compiler settings and lint rules. */
function plant(t: Teardown, files: Record<string, string>): string {
  const root = tempHome(t)
  symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'))
  const biome = JSON.parse(readFileSync(join(PROJECT, 'biome.json'), 'utf8'))
  const manifest = JSON.stringify({ name: 'planted', type: 'module' })
  const settings = {
    'package.json': manifest,
    'tsconfig.json': readFileSync(join(PROJECT, 'tsconfig.json'), 'utf8'),
    'tsconfig.build.json': readFileSync(join(PROJECT, 'tsconfig.build.json'), 'utf8'),
    'biome.json': JSON.stringify({
      linter: biome.linter,
      formatter: { enabled: false },
      files: { includes: ['src/**'] },
    }),
  }
  for (const [path, text] of Object.entries({ ...settings, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  mkdirSync(join(root, 'src'), { recursive: true })
  return root
}

interface Outcome {
  code: number
  text: string
  lines: string[]
}

function run(
  script: string,
  root: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const path = join(PROJECT, 'scripts', script)
  return execute(process.execPath, [path, `--root=${root}`, ...args], env)
}

function execute(file: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((done) => {
    const finished = (error: ExecFileException | null, stdout: string, stderr: string) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      done({ code, text: stdout + stderr, lines: stdout.trimEnd().split('\n') })
    }
    execFile(file, args, { env: { ...process.env, ...env } }, finished)
  })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A killed child that nobody has waited for yet still has a number, but runs no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
