/**
 * Searching 10,000 pages: tldr and windows of a book, or generated ones. The known-item test asks for a page by the
 * description that stands in it, without its name, and looks at which place it comes; plain MiniSearch does the same
 * on the same texts. What the index costs to make, and what it would cost to read it from a file instead, stands beside.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import MiniSearch from 'minisearch'
import { loadCrypto } from '../src/base/crypto.ts'
import { sha256 } from '../src/base/hash.ts'
import { idKey } from '../src/base/id-map.ts'
import { entityKeyPair } from '../src/base/keys.ts'
import { networkOf } from '../src/base/network.ts'
import { compressSignMarkdown } from '../src/content/page.ts'
import { termsIn } from '../src/content/search/tokens.ts'
import { type Put, printOf, SearchEngine } from '../src/node/search/engine.ts'
import { loadCorpus } from './corpus.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import type { Page } from './harness/side.ts'

export const name = 'search'
export const about =
  'search in 10,000 pages: time, known items found beside plain MiniSearch, memory, making against reading'

/** FIGURES: the search's p95, and MRR@10 no worse than plain MiniSearch's. */
const LINES = { p95Ms: 10, mrr10: 'mrrMinisearch' }
const PAGES = 10_000
/** Every so many of the known items is asked for. */
const STRIDE = 8
const AT = 10
const CJK = '養蜂家は春に巣箱を開けて、女王蜂と蜜の量を確かめる。'

/** What somebody asks for who knows the page and not its name. */
export interface Known {
  words: string
  path: string
}

interface Searched {
  pages: readonly Page[]
  known: readonly Known[]
  source: string
}

export async function run({ dataDir }: BenchOptions): Promise<Figures> {
  return measure(await corpus(dataDir))
}

/** The same questions to our index and to plain MiniSearch, over the same pages. */
export function measure({ pages, source, known }: Searched): Figures {
  progress(`${pages.length} pages (${source}), ${known.length} known items`)
  const puts = sealed(pages)
  const before = heapMb()
  const engine = new SearchEngine()
  const madeMs = timed(() => engine.answer({ type: 'put', places: puts })).ms
  const indexMb = heapMb() - before
  const { postings, isFull } = engine.answer({ type: 'size' })
  progress(`made in ${madeMs.toFixed(0)} ms, ${indexMb.toFixed(1)} MB`)

  const paths = new Map(puts.map(({ key }, i) => [key, pages[i]!.path]))
  const ours = ask(known, (words) =>
    engine.answer({ type: 'search', words, limit: AT, candidates: [] }).map(({ key }) => paths.get(key)!),
  )
  progress(`p95 ${ours.p95Ms.toFixed(2)} ms, MRR@10 ${ours.mrr.toFixed(4)}`)

  const mini = new MiniSearch<Page>({ idField: 'path', fields: ['path', 'markdown'] })
  const plainMade = timed(() => mini.addAll([...pages]))
  const plain = ask(known, (words) =>
    mini
      .search(words)
      .slice(0, AT)
      .map(({ id }) => id as string),
  )
  const json = timed(() => JSON.stringify(mini))
  const read = timed(() => MiniSearch.loadJSON(json.value, { idField: 'path', fields: ['path', 'markdown'] }))
  progress(`plain MiniSearch: p95 ${plain.p95Ms.toFixed(2)} ms, MRR@10 ${plain.mrr.toFixed(4)}`)

  return {
    p95Ms: ours.p95Ms,
    mrr10: ours.mrr,
    mrrMinisearch: plain.mrr,
    indexMb,
    lines: LINES,
    p50Ms: ours.p50Ms,
    p95CpuMs: ours.p95CpuMs,
    minisearchP95Ms: plain.p95Ms,
    minisearchP95CpuMs: plain.p95CpuMs,
    pages: pages.length,
    knownItems: known.length,
    postings,
    isFull,
    source,
    makeMs: madeMs,
    minisearch: { makeMs: plainMade.ms, writeMs: json.ms, readMs: read.ms, fileMb: json.value.length / 1e6 },
    charsPerS: {
      latin: speed(pages.map(({ markdown }) => markdown).join('\n')),
      cjk: speed(CJK.repeat(20_000)),
    },
  }
}

async function corpus(dataDir: string | undefined): Promise<Searched> {
  const tldr = await loadCorpus('tldr', dataDir)
  const book = await loadCorpus('text5000', dataDir)
  const pages = [...tldr.pages, ...book.pages].slice(0, PAGES)
  return { pages, source: `${tldr.source} and ${book.source}`, known: knownItems(tldr.pages, STRIDE) }
}

/** Every so many of the pages, by the description in it. */
export function knownItems(pages: readonly Page[], stride: number): Known[] {
  return pages.flatMap(({ path, markdown }, i) => {
    const words = descriptionOf(markdown, /^# (.+)$/m.exec(markdown)?.[1] ?? '')
    return i % stride === 0 && words !== '' ? [{ words, path }] : []
  })
}

/** The first quoted lines of a page, without where to read more and without its name. */
function descriptionOf(markdown: string, title: string): string {
  const lines = markdown
    .split('\n')
    .filter((line) => line.startsWith('> ') && !/^> (More information|See also)/.test(line))
  const words = lines.flatMap((line) => line.slice(2).split(/\s+/))
  return words
    .filter((word) => word.replace(/[`.,:]/g, '').toLowerCase() !== title.toLowerCase())
    .join(' ')
    .slice(0, 256)
    .trim()
}

/** Blocks as a store has them, signed by somebody. */
function sealed(pages: readonly Page[]): Put[] {
  const network = networkOf('bench', 0)
  const crypto = loadCrypto()
  const { secret } = entityKeyPair(crypto, new Uint8Array(32).fill(7))
  const entity = sha256(Buffer.from('bench search'))
  const author = { entity, key: entity, network, sign: (digest: Uint8Array) => crypto.sign(digest, secret) }
  const drafts = pages.map(({ path, markdown }) => ({
    space: { type: 'entity' as const, id: author.entity },
    path,
    text: Buffer.from(markdown),
    parents: [],
    summary: '',
    timeMs: 0,
    nonce: new Uint8Array(8),
  }))
  return compressSignMarkdown(drafts, author).map(({ id, locator, block }) => ({
    key: idKey(locator),
    print: printOf([id]),
    blocks: [block],
  }))
}

interface Asked {
  p50Ms: number
  p95Ms: number
  /** Of the processor's time: what others take from this process is not in it. */
  p95CpuMs: number
  mrr: number
}

function ask(known: readonly Known[], search: (words: string) => string[]): Asked {
  for (const { words } of known.slice(0, 50)) search(words)
  const taken: number[] = []
  const cpu: number[] = []
  let sum = 0
  for (const { words, path } of known) {
    const before = process.cpuUsage()
    const { value, ms } = timed(() => search(words))
    const { user, system } = process.cpuUsage(before)
    taken.push(ms)
    cpu.push((user + system) / 1000)
    const place = value.indexOf(path)
    if (place >= 0) sum += 1 / (place + 1)
  }
  const [wall, used] = [taken, cpu].map((list) => list.sort((a, b) => a - b))
  const at = (list: readonly number[], share: number): number => list[Math.floor(share * list.length)] ?? 0
  return {
    p50Ms: at(wall!, 0.5),
    p95Ms: at(wall!, 0.95),
    p95CpuMs: at(used!, 0.95),
    mrr: sum / Math.max(1, known.length),
  }
}

function timed<T>(work: () => T): { value: T; ms: number } {
  const startMs = performance.now()
  const value = work()
  return { value, ms: performance.now() - startMs }
}

/** Characters a second that are taken apart into words. */
function speed(text: string): number {
  return (text.length / timed(() => termsIn(text).length).ms) * 1000
}

function heapMb(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed / 1e6
}
