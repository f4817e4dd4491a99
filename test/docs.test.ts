/** The documents against the code: what a table says of a registry is what stands in the registry. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { decode, encode } from '../src/base/codec.ts'
import { codeOf } from '../src/base/errors.ts'
import * as limits from '../src/base/limits.ts'
import { EXIT_STATUSES } from '../src/cli/exit.ts'
import { runCli } from '../src/cli/program.ts'
import { KINDS } from '../src/content/kinds.ts'
import { PATH_RULES, pathOfFile } from '../src/content/path.ts'
import * as library from '../src/index.ts'
import { HOLDERS_MIN } from '../src/node/batch.ts'
import { WIRE_CODES } from '../src/node/peer.ts'
import {
  type Query,
  query,
  SEARCH_COUNT_MAX,
  SUBSCRIBE_LOCATORS_MAX,
  TIPS_LOCATORS_MAX,
  weightOf,
} from '../src/node/queries.ts'
import {
  type Answer,
  ASK_IDS_MAX,
  answer,
  FROM_CLIENT,
  MESSAGE_BYTES_MAX,
  MESSAGE_NAMES,
} from '../src/node/wire.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const README = read('README.md')
const PROTOCOL = read('docs/PROTOCOL.md')
const PAGES = ['README.md', 'CHANGELOG.md', ...filesIn('docs'), ...filesIn('examples')]
const ID = new Uint8Array(32)

test('docs - every link between the pages leads to a file and a heading that exist', (t) => {
  const anchors = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slugOf(heading!))
  const dead = (page: string, text: string) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
      if (/^[a-z]+:/.test(target!)) return []
      const [path, anchor] = target!.split('#') as [string, string?]
      const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path)
      if (!existsSync(file)) return [`${page}: ${target}`]
      return anchor === undefined || anchors(readFileSync(file, 'utf8')).includes(anchor)
        ? []
        : [`${page}: ${target}`]
    })
  t.alike(dead('README.md', '[a](nowhere.md) [b](#nowhere) [c](#sheaf) [d](LICENSE)'), [
    'README.md: nowhere.md',
    'README.md: #nowhere',
  ])
  t.alike(
    PAGES.flatMap((page) => dead(page, read(page))),
    [],
  )
})

test('docs - the wiki to publish is legal, small, and its links lead to its pages', (t) => {
  const files = filesIn('examples/wiki').map((file) => relative('examples/wiki', file))
  const paths = files.map((file) => pathOfFile(file))
  t.ok(paths.length >= 8)
  const text = files.map((file) => read(join('examples/wiki', file)))
  t.ok(Buffer.byteLength(text.join('')) < 60_000)
  const links = text.flatMap((page) => [...page.matchAll(/\[\[([^\]|]+)/g)].map(([, path]) => path!))
  t.ok(links.length > paths.length)
  t.alike(
    links.filter((path) => !paths.includes(path)),
    [],
  )
})

test('docs - the README names every command and every exit status, and no other', async (t) => {
  const help = await sheaf('--help')
  const commands = [...help.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name]) => name!)
  t.ok(commands.includes('publish'))
  const section = README.slice(README.indexOf('## Commands'), README.indexOf('## Library'))
  const rows = [...section.matchAll(/^\| `sheaf ([a-z]+)/gm)].map(([, name]) => name!)
  t.alike(rows.sort(), commands.sort())
  const statuses = [...section.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status))
  t.alike(
    statuses,
    EXIT_STATUSES.map(([status]) => status),
  )
})

test('docs - every line of a shell block that begins with sheaf is a command with options that exist', async (t) => {
  const lines = PAGES.flatMap((page) =>
    [...read(page).matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) =>
      block!
        .split('\n')
        .filter((line) => /^sheaf\b/.test(line))
        .map((line) => ({ page, line })),
    ),
  )
  t.ok(lines.length > 10)
  const helps = new Map<string, string>()
  for (const { page, line } of lines) {
    const words = line.replace(/^sheaf( --home \S+)?/, '').trim()
    // `id device add`: the help is that of the last word that is a command.
    const name = /^[a-z]+( [a-z]+)*(?= |$)/.exec(words)![0]
    if (!helps.has(name)) helps.set(name, await sheaf(...name.split(' '), '--help'))
    const unknown = (words.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? []).filter(
      (option) => !new RegExp(`(^|[\\s,])${option}[\\s,]`, 'm').test(helps.get(name)!),
    )
    t.alike(unknown, [], `${page}: ${line}`)
  }
})

test('docs - every function and class that the library exports has a heading in the README', (t) => {
  const headings = [...README.matchAll(/^#### (.*)$/gm)].flatMap(([, heading]) =>
    [...heading!.matchAll(/`(?:new )?(\w+)\(/g)].map(([, name]) => name!),
  )
  const exported = Object.entries(library)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
  t.alike(headings.sort(), exported.sort())
})

test('docs - the program in the README prints what it says', async (t) => {
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(README)!
  const folder = mkdtempSync(join(tmpdir(), 'readme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const entry = new URL('../src/index.ts', import.meta.url).href
  const file = join(folder, 'program.mts')
  const printed = program!
    .replace("'sheaf'", `'${entry}'`)
    .replace('console.log(', 'export const printed = (')
  writeFileSync(file, printed)
  const expected = /\/\/ (.*)\n$/.exec(program!)![1]
  t.is(((await import(file)) as { printed: string }).printed.trim(), expected)
})

test('docs - PROTOCOL lists the messages by their numbers, with who sends them', (t) => {
  const rows = tableUnder('### Messages').map(([number, name, from]) => [Number(number), name, from])
  t.alike(
    rows,
    MESSAGE_NAMES.map((name, number) => [number, name, FROM_CLIENT.has(name) ? 'client' : 'server']),
  )
})

test('docs - PROTOCOL lists the queries by their numbers, with their largest weight', (t) => {
  const ids = (count: number) => Array.from({ length: count }, () => ID)
  const largest: { [T in Query['type']]: Extract<Query, { type: T }> } = {
    introduce: { type: 'introduce' },
    blocks: { type: 'blocks', ids: ids(ASK_IDS_MAX), certify: false },
    tips: { type: 'tips', locators: ids(TIPS_LOCATORS_MAX), certify: false },
    records: {
      type: 'records',
      locator: ID,
      kind: 0,
      field: { type: 'time' },
      order: { type: 'asc' },
      offset: 0,
      count: ASK_IDS_MAX,
      snapshot: undefined,
      vouchedBy: undefined,
    },
    store: {
      type: 'store',
      offers: ids(ASK_IDS_MAX).map((id) => ({ id, locator: id, bytes: 1, owner: undefined })),
    },
    subscribe: {
      type: 'subscribe',
      locators: ids(SUBSCRIBE_LOCATORS_MAX),
      seconds: 1,
      certify: false,
      replaces: undefined,
    },
    search: { type: 'search', words: 'bees', space: undefined, count: SEARCH_COUNT_MAX, certify: false },
  }
  const rows = tableUnder('## Queries')
  t.alike(
    rows.map(([number, name]) => [Number(number), name]),
    Object.entries(largest).map(([name, asked]) => [encode(query, asked)[0], name]),
  )
  for (const [, name, fields, weight] of rows) {
    const max = Number(/list (?:1–|≤ )(\d+)|count uint 1–(\d+)/.exec(fields!)?.slice(1).find(Boolean) ?? 0)
    const [, base = '0', , per = 'Infinity', floor] = /^(\d+)?( \+ )?(?:[⌊⌈]\w+\/(\d+)([⌋⌉]))?$/.exec(
      weight!,
    )!
    const said = Number(base) + (floor === '⌋' ? Math.floor(max / Number(per)) : Math.ceil(max / Number(per)))
    t.is(said, weightOf(largest[name as Query['type']]), `the largest ${name}`)
  }
  t.is(
    codeOf(() => decode(query, Uint8Array.of(rows.length))),
    'UNKNOWN_KIND',
    'and there is no other',
  )
})

test('docs - PROTOCOL lists the answers by their numbers', (t) => {
  const bytes = new Uint8Array(0)
  const answers: { [T in Answer['type']]: Extract<Answer, { type: T }> } = {
    found: { type: 'found', bytes },
    unknown: { type: 'unknown' },
    lost: { type: 'lost' },
    moved: { type: 'moved', to: [] },
    refused: { type: 'refused', reason: { type: 'full' } },
    wanted: { type: 'wanted' },
    held: { type: 'held' },
    holding: { type: 'holding', record: bytes },
    key: { type: 'key', bytes },
    missed: { type: 'missed' },
  }
  const rows = tableUnder('### Answers')
  t.alike(
    rows.map(([number, name]) => [Number(number), name]),
    Object.entries(answers).map(([name, one]) => [encode(answer, one)[0], name]),
  )
  t.is(
    codeOf(() => decode(answer, Uint8Array.of(rows.length))),
    'UNKNOWN_KIND',
    'and there is no other',
  )
})

test('docs - PROTOCOL lists the kinds of record, the refusals and the rules of paths', (t) => {
  t.alike(
    tableUnder('### Kinds').map(([number, name]) => [Number(number), name]),
    KINDS.map(({ number, name }) => [number, name]),
  )
  const refusals: string[] = []
  for (const cells of tableUnder('## Refusals')) {
    for (let at = 0; at < cells.length; at++) {
      if (/^\d+$/.test(cells[at]!)) refusals[Number(cells[at])] = cells[at + 1]!.replaceAll('`', '')
    }
  }
  t.alike(refusals, [...WIRE_CODES])
  t.alike(
    tableUnder('### Page paths').map(([name, says]) => [name, says]),
    PATH_RULES.map(({ name, says }) => [name, says]),
  )
})

test('docs - PROTOCOL lists every domain that something is hashed under, and no other', (t) => {
  const domains = (text: string, quote: string) =>
    [...text.matchAll(new RegExp(`${quote}(sheaf/1 [a-z ]+)${quote}`, 'g'))].map(([, domain]) => domain!)
  const used = filesIn('src').flatMap((file) => domains(read(file), "'"))
  t.ok(used.includes('sheaf/1 batch'))
  const said = new Set([...domains(PROTOCOL, '`'), ...domains(PROTOCOL, '"')])
  t.alike([...said].sort(), [...new Set(used)].sort())
})

test('docs - PROTOCOL states the limits that the code has', (t) => {
  const stated: [number, RegExp][] = [
    [MESSAGE_BYTES_MAX, /No message is larger than ([\d,]+) bytes/],
    [limits.BLOCK_BYTES_MAX, /A block has at most ([\d,]+)\s+bytes/],
    [limits.RECORD_BYTES_MAX, /checkpoint bytes ≤ ([\d,]+)/],
    [limits.RECORD_BODY_BYTES_MAX, /uint length, then at most ([\d,]+) bytes/],
    [limits.RECORD_BATCH_MAX, /A batch has at most\s+([\d,]+)\s+records/],
    [limits.PAGE_BYTES_MAX, /textBytes \| uint ≤ ([\d,]+)/],
    [limits.PAGE_PIECES_MAX, /pieces \| uint 1–([\d,]+)/],
    [limits.PIECE_TEXT_BYTES_MAX, /A text is cut every ([\d,]+) bytes/],
    [limits.FILE_BYTES_MAX, /fileBytes \| uint ≤ ([\d,]+)/],
    [limits.FILE_PIECES_MAX, /\| pieces \| uint 1–(36,[\d,]+)/],
    [limits.FILE_TABLE_PIECES_MAX, /each a list of 1–([\d,]+) entries/],
    [limits.FILE_TABLES_MAX, /The list of the tables, 1–([\d,]+) ×/],
    [limits.PATH_BYTES_MAX, /path \| text 1–([\d,]+)/],
    [limits.PARENTS_MAX, /none twice \| list ≤ ([\d,]+)/],
    [limits.SUMMARY_BYTES_MAX, /summary \| text ≤ ([\d,]+)/],
    [limits.SPACE_CHUNKS_MAX, /chunks \| list ≤ ([\d,]+)/],
    [limits.CHUNK_BYTES_MAX, /bytes uint 1–([\d,]+), pages/],
    [limits.CLOCK_AHEAD_MAX_MS / 60_000, /more than (\d+) minutes ahead/],
  ]
  for (const [limit, pattern] of stated) {
    t.is(Number(pattern.exec(PROTOCOL)?.[1]?.replaceAll(',', '')), limit, pattern.source)
  }
  t.is(Number(/target of (\d+)|min\((\d+), N\)/.exec(README)?.slice(1).find(Boolean)), HOLDERS_MIN)
})

/** The cells of the first table below a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const lines = PROTOCOL.slice(PROTOCOL.indexOf(`\n${heading}\n`)).split('\n')
  const start = lines.findIndex((line) => line.startsWith('| --- '))
  const rows = lines.slice(start + 1)
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** What a command prints; its exit status must be 0. */
async function sheaf(...args: string[]): Promise<string> {
  let printed = ''
  const status = await runCli(args, {
    out: async (chunk) => {
      printed += Buffer.from(chunk as string).toString()
    },
    err: (text) => {
      printed += text
    },
    ask: async () => undefined,
    input: async () => new Uint8Array(),
    run: async () => 1,
    isOutTerminal: false,
    isErrTerminal: false,
    env: {},
    cwd: ROOT,
    signal: new AbortController().signal,
  })
  if (status !== 0) throw new Error(`sheaf ${args.join(' ')} ends with ${status}: ${printed}`)
  return printed
}

/** The anchor that GitHub gives a heading. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, '')
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(md|ts)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
