import { readFileSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import {
  attachmentName,
  brokenRule,
  checkPath,
  exportCollisions,
  exportName,
  PATH_RULES,
  pathOfAttachment,
  pathOfFile,
} from '../../src/content/path.ts'
import { parameters } from '../helpers/seed.ts'

const vectors = JSON.parse(readFileSync(new URL('../vectors/path.json', import.meta.url), 'utf8')) as {
  legal: [path: string, file: string][]
  refused: [path: string, rule: string][]
}

/** Characters and words that stand for a decision somewhere in the file. */
const telling = fc.constantFrom(
  ...'ab.%/:?*"<>| ~$!^[](){}#@&+=-_,;\'`\\25AECFßéİıſK\u0301\u0338\u0327\u200b\u00a0\ufeff\ud800🐝蜂'.match(
    /./gsu,
  )!,
  ...[
    'con',
    'CON',
    'Aux',
    'nul',
    'com1',
    'LPT²',
    'conin$',
    '.md',
    '.MD',
    '%25',
    '%3A',
    '%2e',
    '%41',
    '..',
    '...',
  ],
)
const anyPath = fc.oneof(
  fc.array(telling, { maxLength: 12 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const legalPath = anyPath.filter((path) => brokenRule(path) === undefined)

test('path - legal paths and their files are those of the vectors', (t) => {
  for (const [path, file] of vectors.legal) {
    t.is(brokenRule(path)?.name, undefined, path)
    t.is(exportName(path), file)
    t.is(pathOfFile(file), path)
  }
})

test('path - each rule refuses what the vectors give it', (t) => {
  for (const [path, rule] of vectors.refused) t.is(brokenRule(path)?.name, rule, JSON.stringify(path))
  const named = new Set(vectors.refused.map(([, rule]) => rule))
  t.alike(
    PATH_RULES.map(({ name }) => name).filter((name) => !named.has(name)),
    [],
    'every rule has a case',
  )
})

test('path - names made of signs come out as they went in', (t) => {
  // The pages of a well-known collection that are named after what they explain.
  const signs = [
    '%',
    '!',
    '}',
    '$',
    '[[',
    '((',
    ',',
    '~',
    ']',
    '{',
    ']]',
    '[',
    '^',
    'g[',
    '.',
    '-',
    '@',
    '+',
    '&&',
  ]
  for (const sign of signs) {
    t.is(exportName(`common/${sign}`), `common/${sign}.md`)
    t.is(pathOfFile(`common/${sign}.md`), `common/${sign}`)
  }
})

test('path - a refusal names the rule in one line that no terminal obeys', (t) => {
  try {
    checkPath('a\u001b[2J\u009b\u202e\n/b')
    t.fail('was legal')
  } catch (error) {
    const { message } = error as Error
    t.is((error as { code?: string }).code, 'BAD_PATH')
    t.ok(message.includes('"control"'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    t.absent(/[\u0000-\u001f\u007f-\u009f\u202e]/.test(message))
    t.ok(message.length < 300)
  }
  t.is(
    codeOf(() => exportName('../x')),
    'BAD_PATH',
  )
})

test('path - every legal path comes back from its file', (t) => {
  fc.assert(
    fc.property(legalPath, (path) => pathOfFile(exportName(path)) === path),
    parameters({ numRuns: 2000 }),
  )
  t.pass()
})

test('path - no two paths have one file', (t) => {
  const files = new Map<string, string>()
  fc.assert(
    fc.property(legalPath, (path) => {
      const file = exportName(path)
      const other = files.get(file)
      files.set(file, path)
      return other === undefined || other === path
    }),
    parameters({ numRuns: 2000 }),
  )
  t.pass()
})

test('path - a file is safe to write on Linux, macOS and Windows', (t) => {
  const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)( *\.| *$)/i
  fc.assert(
    fc.property(legalPath, (path) => {
      const file = exportName(path)
      const names = file.split('/')
      return (
        file.endsWith('.md') &&
        file.normalize('NFC') === file &&
        names.slice(0, -1).every((name) => !/^\.|\.$|\.md$/i.test(name)) &&
        names.every(
          (name) =>
            name !== '' &&
            name !== '.' &&
            name !== '..' &&
            !device.test(name) &&
            !/[<>:"|?*\\]/.test(name) &&
            !/^ | $|\.$/.test(name) &&
            Buffer.byteLength(name) <= 255,
        )
      )
    }),
    parameters({ numRuns: 2000 }),
  )
  t.pass()
})

test('path - a file that a file system took apart is the same page', (t) => {
  fc.assert(
    fc.property(legalPath, (path) => pathOfFile(exportName(path).normalize('NFD')) === path),
    parameters({ numRuns: 1000 }),
  )
  t.is(pathOfFile('cafe\u0301.md'), 'caf\u00e9')
})

test('path - any file name is a legal path or has a code', (t) => {
  fc.assert(
    fc.property(anyPath, fc.constantFrom('.md', '', '.MD'), (name, extension) => {
      const code = codeOf(() => pathOfFile(name + extension))
      return code === undefined ? brokenRule(pathOfFile(name + extension)) === undefined : code === 'BAD_PATH'
    }),
    parameters({ numRuns: 2000 }),
  )
  for (const file of [
    '',
    '.md',
    'a',
    'a.txt',
    '/a.md',
    'a//b.md',
    './a.md',
    '../a.md',
    'a/../b.md',
    '...md',
    'a\\b.md',
  ]) {
    t.is(
      codeOf(() => pathOfFile(file)),
      'BAD_PATH',
      file,
    )
  }
})

test('path - names that export would not write are read', (t) => {
  t.is(pathOfFile('why?.md'), 'why?')
  t.is(pathOfFile('con.md'), 'con')
  t.is(pathOfFile('%41.md'), 'A')
  t.is(pathOfFile('a%20b.md'), 'a%20b', 'which export writes as it is')
})

test('path - files that differ in case only collide where case does not count', (t) => {
  t.alike(exportCollisions(['a', 'b', 'c/a']), [])
  t.alike(exportCollisions(['Readme', 'readme', 'other']), [['Readme.md', 'readme.md']])
  t.alike(exportCollisions(['É', 'é']), [['É.md', 'é.md']])
  t.alike(exportCollisions(['Linux/a', 'linux/b']), [['Linux', 'linux']])
  t.alike(exportCollisions(['?', '%3f']), [['%3F.md', '%3f.md']])
  t.alike(exportCollisions(['con', 'CON']), [], 'devices are escaped apart')
  t.alike(exportCollisions(['notes', 'notes.md/a', 'notes/a']), [], 'a folder never meets a file')
  t.is(
    codeOf(() => exportCollisions(['..'])),
    'BAD_PATH',
  )
})

test('path - a file keeps its name on export, and stands in the way of no page', (t) => {
  for (const [path, file] of [
    ['garden/bee.png', 'garden/bee.png'],
    ['notes.md', 'notes%2Emd'],
    ['NOTES.MD', 'NOTES%2EMD'],
    ['.git', '%2Egit'],
    ['.', '%2E'],
    ['aux/con.png', '%61ux/%63on.png'],
    ['why?', 'why%3F'],
    ['dot.', 'dot%2E'],
    ['100%25', '100%2525'],
    ['a.md/b.png', 'a%2Emd/b.png'],
  ] as const) {
    t.is(attachmentName(path), file)
    t.is(pathOfAttachment(file), path)
  }
  fc.assert(
    fc.property(legalPath, legalPath, (path, other) => {
      const file = attachmentName(path)
      return (
        pathOfAttachment(file) === path &&
        file !== exportName(other) &&
        !file.split('/').at(-1)!.startsWith('.')
      )
    }),
    parameters(),
  )
})
