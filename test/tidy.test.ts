/** The rules of the house, held over all files that are tracked or about to be. Each rule is shown an offender first. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { ERROR_CODES } from '../src/base/errors.ts'
import { codeOf, importsOf, type Source } from './helpers/source-text.ts'
import * as tidy from './helpers/tidy.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What pure files may import or use all the same, and why. Everything here computes and does nothing else. */
const EXCEPTIONS: tidy.Exceptions = {
  'src/base/codec.ts': { 'node:buffer': 'checks UTF-8 ten times as fast as TextDecoder' },
  'src/base/hash.ts': { 'node:crypto': 'SHA-256 and HMAC, three times as fast as in JavaScript' },
  'src/base/crypto/native.ts': {
    'node:module': 'loads the optional native package where it is installed',
    'secp256k1/bindings': 'the native package itself: it only computes',
  },
  'src/content/gzip.ts': { 'node:zlib': 'bounded inflation, which stops at the bound inside the library' },
  'src/content/inflate.ts': { 'node:zlib': 'inflation into a buffer of the length that was announced' },
  'src/content/lines.ts': {
    diff: 'asks a clock only where it is given a timeout, and here it is given none',
  },
  'src/content/search/text-index.ts': {
    minisearch: 'waits only where it is told to vacuum, and pages that go are taken out at once',
  },
}

/** Other people's bytes, quoted as they are. */
const FOREIGN = /^package-lock\.json$|\/(vectors|fixtures)\//

const files = projectFiles()

test('tidy - imports point left only', (t) => {
  t.alike(
    tidy.layerOrder([source('src/base/codec.ts', "import { page } from '../content/page.ts'")]).length,
    1,
  )
  t.alike(tidy.layerOrder([source('src/node/session.ts', "export * from './io/swarm.ts'")]).length, 1)
  t.alike(tidy.layerOrder([source('src/node/io/swarm.ts', "import '../../sim/world.ts'")]).length, 1)
  t.alike(tidy.layerOrder([source('src/web/page.ts', "const c = await import('../cli/main.ts')")]).length, 1)
  t.alike(
    tidy.layerOrder([source('src/cli/main.ts', "import { test } from '../../test/helpers/seed.ts'")]).length,
    1,
  )
  t.alike(tidy.layerOrder([source('src/other/thing.ts', '')]).length, 1)
  t.alike(tidy.layerOrder([source('src/node/io/swarm.ts', "import { wire } from '../wire.ts'")]), [])
  t.alike(tidy.layerOrder(files), [])
})

test('tidy - pure code has no clock, no chance, no timer, no disk and no network', (t) => {
  const offends = (text: string) => tidy.purity([source('src/node/work.ts', text)], {}).length === 1
  t.ok(offends('const now = Date.now()'))
  t.ok(offends('const now = new Date()'))
  t.ok(offends('const r = Math.random()'))
  t.ok(offends('setTimeout(() => {}, 1)'))
  t.ok(offends('const home = process.env.HOME'))
  t.ok(offends('const t = performance.now()'))
  t.ok(offends('console.log(1)'))
  t.ok(offends("import { readFileSync } from 'node:fs'"))
  t.ok(offends("import net from 'node:net'"))
  t.ok(offends("import { createHash } from 'node:crypto'"))
  t.ok(offends("import Hyperswarm from 'hyperswarm'"))
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the offender is a template
  t.ok(offends('const text = `at ${Date.now()} it ended`'))
  t.absent(
    offends(
      "// Date.now() is not for us\nconst text = 'Date.now()'\nthis.#process(input)\n/** setTimeout */",
    ),
  )
  t.absent(offends('interface Times { process: number; signedDate: bigint }'))
  t.alike(tidy.purity([source('src/node/io/daemon.ts', 'Date.now()')], {}), [], 'the edge may')
  t.alike(tidy.purity(files, EXCEPTIONS), [])
})

test('tidy - an exception is needed by the file that has it', (t) => {
  const pure = [source('src/base/hash.ts', 'export const a = 1')]
  t.alike(tidy.idleExceptions(pure, { 'src/base/hash.ts': { 'node:crypto': 'fast' } }).length, 1)
  t.alike(tidy.idleExceptions(files, EXCEPTIONS), [])
})

test('tidy - no import goes round', (t) => {
  const a = source('src/base/a.ts', "import type { B } from './b.ts'")
  const b = source('src/base/b.ts', "export { c } from './deep/c.ts'")
  const c = source('src/base/deep/c.ts', "import { a } from '../a.ts'")
  t.alike(tidy.importCycles([a, b, c]), [
    'src/base/a.ts -> src/base/b.ts -> src/base/deep/c.ts -> src/base/a.ts',
  ])
  t.alike(tidy.importCycles([a, b]), [])
  t.alike(tidy.importCycles(files), [])
})

test('tidy - a source file is at most 400 lines long', (t) => {
  t.alike(tidy.sourceLength([source('src/base/long.ts', 'a\n'.repeat(401))]).length, 1)
  t.alike(tidy.sourceLength([source('src/base/long.ts', 'a\n'.repeat(400))]), [])
  t.alike(tidy.sourceLength(files), [])
})

test('tidy - an import names the file that is there', (t) => {
  t.alike(tidy.importEndings([source('src/base/a.ts', "import './b.js'\nimport './c'")]).length, 2)
  t.alike(tidy.importEndings([source('src/base/a.ts', "import './b.ts'\n// import './c'")]), [])
  t.alike(tidy.importEndings(files), [])
})

test('tidy - nothing is left for later', (t) => {
  for (const word of [
    ['FIX', 'ME'],
    ['TO', 'DO'],
    ['XX', 'X'],
  ]) {
    t.alike(tidy.leftovers([source('src/base/a.ts', `// ${word.join('')}: the rest`)]).length, 1)
  }
  t.alike(tidy.leftovers([source('src/base/a.ts', "mkdtemp('XXXXXX')")]), [])
  t.alike(tidy.leftovers(files), [])
})

test('tidy - no test runs alone', (t) => {
  t.alike(tidy.loneTests([source('test/a.test.ts', ['test.so', "lo('it', () => {})"].join(''))]).length, 1)
  t.alike(tidy.loneTests([source('test/a.test.ts', ['test("it", { so', 'lo: true })'].join(''))]).length, 1)
  t.alike(tidy.loneTests(files), [])
})

test('tidy - no file names a place on this machine or a package registry', (t) => {
  for (const place of ['work', 'root', 'home']) {
    t.alike(tidy.machineTraces([source('docs/A.md', `see /${place}/main/file`)]).length, 1)
  }
  t.alike(tidy.machineTraces([source('package-lock.json', ['"resol', 'ved": "x"'].join(''))]).length, 1)
  t.alike(tidy.machineTraces([source('docs/A.md', `${'https'}://registry.example.org/a`)]).length, 1)
  t.alike(tidy.machineTraces([source('.npmrc', `${'regis'}try = http://10.0.0.1/`)]).length, 1)
  t.alike(tidy.machineTraces([source('src/node/work/effort.ts', "import '../work/puzzle.ts'")]), [])
  t.alike(tidy.machineTraces(files), [])
})

test('tidy - nothing is tracked that a run leaves behind', (t) => {
  const left = /\.(?:log|cpuprofile|heapsnapshot|heapprofile|tmp)$/
  t.ok(left.test('isolate-0x1-v8.log') && left.test('bench/a.cpuprofile') && !left.test('src/node/io/log.ts'))
  t.alike(
    files.filter(({ path }) => left.test(path)).map(({ path }) => path),
    [],
  )
})

test('tidy - the README explains every error code and no other', (t) => {
  const readme = '# A\n## Error codes\n### `ONE`\ntext\n### `THREE`\n### `THREE`\n## Next\n### `FOUR`\n'
  t.alike(tidy.errorHeadings(readme, ['ONE', 'TWO']), [
    'README.md: does not explain TWO',
    'README.md: explains THREE, which is no code',
    'README.md: explains THREE, which is no code',
    'README.md: explains THREE twice',
  ])
  t.alike(tidy.errorHeadings('# A\n', []).length, 1)
  const own = files.find(({ path }) => path === 'README.md')
  t.alike(own === undefined ? [] : tidy.errorHeadings(own.text, ERROR_CODES), [])
})

test('tidy - the reader of sources tells code from comment, string, template and pattern', (t) => {
  const code = (text: string) => codeOf(text, { strings: false })
  t.is(code('a // b'), 'a     ')
  t.is(code('a /* b\nc */ d'), 'a     \n     d')
  t.is(code("a('// b', 1)"), "a('    ', 1)")
  t.is(code('a(/[/"]/, b) / c / d'), 'a(/    /, b) / c / d')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: templates are what is read here
  t.is(code('`a ${b({ c: `d` })} e` + f'), '`   {b({ c: ` ` })}  ` + f')
  t.is(codeOf("a('b') // c", { strings: true }), "a('b')     ")
  t.alike(
    importsOf(
      "import a, { type b } from 'x'\nexport * from './y.ts'\nimport './z.ts'\n// from 'w'\na(\"from 'v'\")",
    ),
    ['x', './y.ts', './z.ts'],
  )
})

function source(path: string, text: string): Source {
  return { path, text }
}

/** All text files that are not ignored; in a copy without version control there is nothing to hold. */
function projectFiles(): Source[] {
  if (!existsSync(join(ROOT, '.git'))) return []
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return list
    .split('\0')
    .filter((path) => path !== '' && !FOREIGN.test(path) && existsSync(join(ROOT, path)))
    .map((path) => source(path, readFileSync(join(ROOT, path), 'utf8')))
    .filter(({ text }) => !text.includes('\0'))
}
