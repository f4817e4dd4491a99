/**
 * The rules of the house as pure functions: files in, offences out, each a line that begins with
 * the path of the offender.
 */
import { codeOf, importsOf, resolveImport, type Source } from './source-text.ts'

/** Why a pure file may import what others may not: path → module → reason. */
export type Exceptions = Record<string, Record<string, string>>

const SOURCE_LINES_MAX = 400

/** Imports go to the same layer or to one of a lower rank; layers of one rank do not know each other. */
const LAYERS: readonly { name: string; rank: number; pure: boolean }[] = [
  { name: 'base', rank: 0, pure: true },
  { name: 'content', rank: 1, pure: true },
  { name: 'agr', rank: 2, pure: true },
  { name: 'ranking', rank: 3, pure: true },
  { name: 'node', rank: 4, pure: true },
  { name: 'sim', rank: 5, pure: true },
  { name: 'node/io', rank: 5, pure: false },
  { name: 'web', rank: 6, pure: false },
  // The program puts the parts together, so it knows the web page; the library's entry is src/index.ts.
  { name: 'cli', rank: 7, pure: false },
  { name: 'index.ts', rank: 7, pure: false },
]

/** Packages that only compute. All others read a clock, a disk or a network. */
const PURE_PACKAGES =
  /^(@noble\/|@scure\/|b4a$|compact-encoding$|pako$|sodium-universal$|smol-toml$|valibot$|unified$|remark|rehype|mdast|hast|micromark|unist|github-slugger$)/

/** Where time, chance and the outside world come in without an import. */
const IMPURE_GLOBALS: readonly [name: string, pattern: RegExp][] = [
  ['Date', /(?<![.\w$])Date\b/],
  ['Math.random', /\bMath\s*\.\s*random\b/],
  ['a timer', /(?<![.\w$])(setTimeout|setInterval|setImmediate)\b/],
  ['process', /(?<![.\w$#])process\b(?!\s*[:(])/],
  ['performance', /(?<![.\w$])performance\b(?!\s*:)/],
  ['console', /(?<![.\w$])console\s*\./],
  ['fetch', /(?<![.\w$#])fetch\s*\(/],
  ['chance of crypto', /\b(getRandomValues|randomUUID|randomBytes|randombytes_buf)\b/],
  ['globalThis', /(?<![.\w$])globalThis\b/],
]

export function layerOrder(sources: readonly Source[]): string[] {
  return sources.filter(isSource).flatMap(({ path, text }) => {
    const layer = layerOf(path)
    if (layer === undefined) return [`${path}: in no layer`]
    return importsOf(text).flatMap((specifier) => {
      if (!specifier.startsWith('.')) return []
      const target = resolveImport(path, specifier)
      const targetLayer = layerOf(target)
      const allowed = targetLayer !== undefined && (targetLayer === layer || targetLayer.rank < layer.rank)
      return allowed ? [] : [`${path}: ${layer.name} must not import ${target}`]
    })
  })
}

/** Pure code takes time, chance and bytes as arguments. */
export function purity(sources: readonly Source[], exceptions: Exceptions): string[] {
  const offences: string[] = []
  for (const { path, text } of sources.filter((source) => layerOf(source.path)?.pure)) {
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.') || PURE_PACKAGES.test(specifier)) continue
      if (exceptions[path]?.[specifier] === undefined) offences.push(`${path}: imports ${specifier}`)
    }
    const code = codeOf(text, { strings: false })
    for (const [name, pattern] of IMPURE_GLOBALS) {
      if (pattern.test(code) && exceptions[path]?.[name] === undefined) offences.push(`${path}: uses ${name}`)
    }
  }
  return offences
}

/** An exception that nothing needs any more hides the next offence. */
export function idleExceptions(sources: readonly Source[], exceptions: Exceptions): string[] {
  return Object.entries(exceptions).flatMap(([path, allowed]) =>
    Object.keys(allowed).flatMap((what) => {
      const { [what]: _, ...others } = allowed
      const without = purity(
        sources.filter((source) => source.path === path),
        { [path]: others },
      )
      return without.some((offence) => offence.endsWith(` ${what}`)) ? [] : [`${path}: needs no ${what}`]
    }),
  )
}

/** Types count too: two files that need each other's types are one idea. */
export function importCycles(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.filter(isSource).map(({ path, text }) => [
      path,
      importsOf(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveImport(path, specifier)),
    ]),
  )
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    const seenAt = trail.indexOf(path)
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(' -> '))
    if (seenAt >= 0 || done.has(path)) return
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}

export function sourceLength(sources: readonly Source[]): string[] {
  return sources.filter(isSource).flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    return lines > SOURCE_LINES_MAX ? [`${path}: ${lines} lines where ${SOURCE_LINES_MAX} fit`] : []
  })
}

/** Node runs the sources as they are, so an import names the file that is there. */
export function importEndings(sources: readonly Source[]): string[] {
  return sources.filter(isTypeScript).flatMap(({ path, text }) =>
    importsOf(text)
      .filter((specifier) => specifier.startsWith('.') && !/\.(ts|json)$/.test(specifier))
      .map((specifier) => `${path}: imports ${specifier}`),
  )
}

/** The words are put together here so that this file does not offend. */
const LEFTOVER = new RegExp(
  `\\b(${['FIX', 'TO', 'XX'].map((word, i) => word + ['ME', 'DO', 'X'][i]).join('|')})\\b`,
)

export function leftovers(sources: readonly Source[]): string[] {
  return linesThat(sources, LEFTOVER)
}

/** A test that runs alone hides all the others. */
export function loneTests(sources: readonly Source[]): string[] {
  const tests = sources.filter(({ path }) => path.endsWith('.test.ts'))
  const codes = tests.map(({ path, text }) => ({ path, text: codeOf(text, { strings: false }) }))
  return linesThat(codes, /\bsolo\b\s*[(:]/)
}

const MACHINE_PATH = new RegExp(`(?<![\\w.)}~*-])/(${['work', 'root', 'home'].join('|')})/`)
const REGISTRY = new RegExp(
  [
    '"resol' + 'ved":',
    'https?://[^\\s"\')]*(registry\\.|npmjs|/npm/)',
    '^\\s*//[\\w.:-]+/.*_auth',
    '^\\s*registry\\s*=',
  ].join('|'),
)

/** Nothing that holds on one machine only: its directories, its package registry. */
export function machineTraces(sources: readonly Source[]): string[] {
  return [...linesThat(sources, MACHINE_PATH), ...linesThat(sources, REGISTRY)]
}

/** The README's `### \`CODE\`` headings under "## Error codes" and the union of codes are one list. */
export function errorHeadings(readme: string, codes: readonly string[]): string[] {
  const section = readme.split(/^## /m).find((part) => /^Error codes\s*$/m.test(part.split('\n', 1)[0] ?? ''))
  if (section === undefined) return ['README.md: has no section "## Error codes"']
  const headings = [...section.matchAll(/^### `([^`]+)`\s*$/gm)].map((match) => match[1] ?? '')
  return [
    ...codes.filter((code) => !headings.includes(code)).map((code) => `README.md: does not explain ${code}`),
    ...headings
      .filter((code) => !codes.includes(code))
      .map((code) => `README.md: explains ${code}, which is no code`),
    ...headings
      .filter((code, i) => headings.indexOf(code) !== i)
      .map((code) => `README.md: explains ${code} twice`),
  ]
}

function linesThat(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  )
}

/** The layer with the longest name that begins the path. */
function layerOf(path: string) {
  const inside = LAYERS.filter(({ name }) => path === `src/${name}` || path.startsWith(`src/${name}/`))
  return inside.sort((a, b) => b.name.length - a.name.length)[0]
}

function isSource({ path }: Source): boolean {
  return path.startsWith('src/') && path.endsWith('.ts')
}

function isTypeScript({ path }: Source): boolean {
  return /^(src|test|bench)\/.*\.ts$/.test(path)
}
