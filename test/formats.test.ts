/**
 * A walk through everything that is read from others: valid bytes come back as they were, and cut,
 * lengthened, spoiled or blown-up bytes are refused with a code or mean another value in its one form.
 * A reader in the sources that the table of formats does not have fails here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import test from 'brittle'
import fc from 'fast-check'
import { hex, plain, refusal, truncations, withTrailing } from './helpers/bytes.ts'
import { FORMATS, type Format } from './helpers/formats.ts'
import { belowOf, inflated, mutant } from './helpers/mutants.ts'
import { parameters } from './helpers/seed.ts'
import { codeOf } from './helpers/source-text.ts'

/** Times the usual number of runs, for a long look: `FUZZ=20 npm test -- formats`. */
const TIMES = Number(process.env.FUZZ ?? 1)
/** What one refusal may take: far above what any one costs, far below what lengths claim. */
const GROWTH_BYTES_MAX = 2 * 1024 * 1024

/** Readers that are no format of their own, with the reason. */
const PARTS: Record<string, string> = {
  'src/base/codec.ts readUtf8': 'text within any of them',
  'src/base/codec.ts readUint': 'numbers within any of them',
  'src/base/codec.ts timeMs': 'a number of six bytes within any of them',
  'src/base/crypto.ts loadCrypto': 'loads a library',
  'src/base/crypto/native.ts loadNative': 'loads a library',
  'src/content/blocks.ts readBlocks': 'lines of any text, held by test/content/blocks.test.ts',
  'src/content/render/addresses.ts readAddress': 'any text, held by test/content/render/addresses.test.ts',
  'src/content/render/parse.ts parseMarkdown': 'any text, held by test/content/links.test.ts',
  'src/cli/git/stream.ts readCommits': 'a stream of what git writes, held by test/cli/git/stream.test.ts',
  'src/cli/folder.ts readFolder': 'names of files, held by test/content/path.test.ts',
  'src/cli/folder.ts readPageFile': 'text in normal form, held by test/content/text.test.ts',
  'src/agr/stv/exact.ts readExact': 'numbers of our own transcripts',
  'src/agr/stv/lot.ts lotSeedOfText': 'hashes any text',
  'src/agr/stv/lot.ts lotNameOfText': 'hashes any text',
  'src/agr/stv/rule.ts readRule': 'one name out of a list',
  'src/node/io/control/asking.ts readSpace': 'the name of a space, or @me',
  'src/node/io/control/asking.ts readPage': 'the name of a page, or @me',
  'src/node/io/control/asking.ts readSubject': 'the name of a page or a space',
  'src/node/io/control/asking.ts readTarget': 'the name of a page or an id',
  'src/node/io/control/asking.ts readTargetText': 'the same, in one text',
  'src/node/io/control/merging.ts readMerge':
    'one line of the control API, with ids and a text in normal form',
  'src/node/io/control/ruling.ts readChange': 'the name of a page or an id, with words beside it',
  'src/node/io/control/key-routes.ts readRotation': 'hexadecimal digits and ids, held by the control API',
  'src/node/io/control/key-routes.ts readReadmission': 'two ids, held by the control API',
  'src/node/io/config/config.ts parseToml': 'the configuration, before its options are read',
  'src/content/kinds.ts codec': 'the body of any of the kinds, each of which has its row',
  'src/node/wire.ts MESSAGES': 'any of the messages, each of which has its row',
}

for (const format of FORMATS) {
  test(`formats - ${format.name}: valid bytes come back as they were`, (t) => {
    fc.assert(
      fc.property(format.values, (value) => {
        const bytes = format.write(value as never)
        const back = format.read(bytes)
        if (format.isValue && !isSame(back, value)) return false
        return isWrittenAgain(format, back, bytes)
      }),
      parameters({ numRuns: runsOf(format, 50) }),
    )
    t.pass()
  })

  test(`formats - ${format.name}: cut, lengthened, spoiled, it is refused with a code or means another value`, (t) => {
    fc.assert(
      fc.property(format.values, format.values, draws, (value, another, drawn) => {
        const bytes = format.write(value as never)
        const other = format.write(another as never)
        return isMet(format, mutant(bytes, other, belowOf(drawn)))
      }),
      parameters({ numRuns: runsOf(format, 300) }),
    )
    fc.assert(
      fc.property(format.values, fc.nat(), (value, at) => {
        const bytes = format.write(value as never)
        const cuts = format.isSlow ? [bytes.subarray(0, at % bytes.length)] : truncations(bytes)
        if (!cuts.every((cut) => isMet(format, cut))) return false
        if (!format.isWhole) return true
        return cuts.every((cut) => isRefused(format, cut)) && isRefused(format, withTrailing(bytes))
      }),
      parameters({ numRuns: runsOf(format, 5) }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), (bytes) => isMet(format, bytes)),
      parameters({ numRuns: runsOf(format, 100) }),
    )
    t.pass()
  })

  test(`formats - ${format.name}: no memory is taken for what a length claims`, (t) => {
    const [value] = fc.sample(format.values, parameters({ numRuns: 1 }) as { seed: number; numRuns: number })
    const bytes = format.write(value as never)
    if (format.isSlow) return t.pass('read from files, which are bounded')
    let most = 0
    for (const claim of inflated(bytes.subarray(0, 400))) {
      const before = taken()
      if (!isMet(format, claim)) t.fail(hex(claim))
      most = Math.max(most, taken() - before)
    }
    t.ok(most < GROWTH_BYTES_MAX, `${most} bytes at most`)
  })
}

test('formats - four bytes that claim 4 GB take nothing, wherever they stand', (t) => {
  const claim = Uint8Array.of(0xfe, 0xff, 0xff, 0xff)
  for (const format of FORMATS.filter(({ isSlow }) => !isSlow)) {
    const before = taken()
    for (let times = 0; times < 50; times++) if (!isMet(format, claim)) t.fail(format.name)
    t.ok(taken() - before < GROWTH_BYTES_MAX, format.name)
  }
})

test('formats - whatever the sources read is in the table', (t) => {
  const known = new Set(FORMATS.flatMap(({ readers }) => readers))
  const found = new Set<string>()
  for (const path of sources('src')) {
    const code = codeOf(readFileSync(path, 'utf8'), { strings: true })
    for (const [, name] of code.matchAll(READERS)) found.add(`${path} ${name}`)
    if (path === 'src/base/codec.ts') continue
    for (const [, name] of code.matchAll(/(?<![.\w])decode\((?!state\b)([\w.]+)\b(?!:)/g))
      found.add(declared(path, code, name!))
  }
  t.ok(found.size > 30)
  t.alike(
    [...found].filter((reader) => !known.has(reader) && PARTS[reader] === undefined).sort(),
    [],
    'each has its row in test/helpers/formats',
  )
  t.alike(
    [...Object.keys(PARTS)].filter((reader) => !found.has(reader)),
    [],
    'exceptions that are not needed',
  )
  t.alike(
    [...known].filter((reader) => !isThere(reader)),
    [],
    'readers that are gone',
  )
})

const draws = fc.array(fc.integer(), { minLength: 4, maxLength: 40 })

function runsOf({ isSlow }: Format, usual: number): number {
  return Math.ceil((isSlow ? usual / 5 : usual) * TIMES)
}

/** Refused with a code, or read as something that is written again as it must be. An error without a code passes through. */
function isMet(format: Format, bytes: Uint8Array): boolean {
  let value: unknown
  const code = refusal(() => {
    value = format.read(bytes)
  })
  return code !== undefined || isWrittenAgain(format, value, bytes)
}

function isRefused(format: Format, bytes: Uint8Array): boolean {
  return refusal(() => format.read(bytes)) !== undefined
}

function isWrittenAgain({ again, isOneForm, read }: Format, value: unknown, bytes: Uint8Array): boolean {
  const written = again?.(value as never)
  if (written === undefined) return true
  if (isOneForm) return hex(written) === hex(bytes)
  return isSame(read(written), value)
}

/** Equal in what they hold, whatever memory it lies in. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plain(a), plain(b))
}

/** Bytes of this process in use, the collector apart. */
function taken(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What a function is called that reads what others wrote. */
const READERS =
  /export (?:async )?function\*? ((?:decode|parse|unpack|peek|describe|decompress|read|load)[A-Z]?\w*|\w+(?:From|Of)(?:Text|Words))\(/g

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** File and name of a codec as it was declared, through what this file imports it as. */
function declared(path: string, code: string, expression: string): string {
  const [name, member] = expression.split('.')
  const from = new RegExp(`import \\* as ${name} from '(\\.[^']*)'`).exec(code)?.[1]
  if (from !== undefined) return `${join(path, '..', from)} ${member}`
  for (const [, names, from] of code.matchAll(/import \{([^}]*)\} from '(\.[^']*)'/g)) {
    for (const one of names!.split(',')) {
      const [original, alias = original] = one
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (alias === name) return `${join(path, '..', from!)} ${original}`
    }
  }
  return `${path} ${name}`
}

function isThere(reader: string): boolean {
  const [path = '', name] = reader.split(' ')
  return new RegExp(`(?:const|function\\*?) ${name}\\b`).test(readFileSync(path, 'utf8'))
}
