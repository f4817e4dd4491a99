/**
 * The pages that benches move. Real ones are cut from a data folder that the caller names; without it a seeded
 * generator writes pages of the same size and compressibility, and the figures say which it was.
 */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  incompressibleText,
  type Random,
  seededRandom,
  sentenceText,
  tldrLikePage,
} from './harness/generate.ts'
import type { Page } from './harness/side.ts'

/** FIGURES: pages of 4 KB, 1,000 of them, or 5,000 in the long run; 7,425 is what the tldr folder holds. */
const PAGE_BYTES = 4096
const FETCH_PAGES = 1000
const LONG_FETCH_PAGES = 5000
const TLDR_PAGES = 7425
const SEED = 20261121

export const CORPUS_KINDS = ['text', 'random', 'text5000', 'tldr'] as const
export type CorpusKind = (typeof CORPUS_KINDS)[number]

export interface Corpus {
  readonly kind: CorpusKind
  readonly source: 'rust-book' | 'tldr' | 'generated'
  readonly pages: readonly Page[]
  readonly bytes: number
  /** Bytes of markdown ÷ bytes of their gzip, each page on its own (zlib level 6). */
  readonly gzipRatio: number
}

/** What the JSON of a bench says about the pages it moved. */
export type CorpusFigures = Omit<Corpus, 'pages' | 'kind'> & { readonly pages: number }

/** The pages of `kind`; `dataDir` holds `pages/rust-book` and `pages/tldr`, undefined means generated ones. */
export async function loadCorpus(kind: CorpusKind, dataDir: string | undefined): Promise<Corpus> {
  switch (kind) {
    case 'text':
      return measure(kind, await bookPages(FETCH_PAGES, dataDir))
    case 'text5000':
      return measure(kind, await bookPages(LONG_FETCH_PAGES, dataDir))
    case 'random':
      return measure(
        kind,
        generated('random', FETCH_PAGES, (random) => incompressibleText(random, PAGE_BYTES)),
      )
    case 'tldr':
      return measure(kind, await tldrPages(dataDir))
  }
}

/** The same corpus with some of its pages, measured anew. */
export function withPages({ kind, source }: Corpus, pages: readonly Page[]): Corpus {
  return measure(kind, { source, pages })
}

export function corpusFigures({ source, pages, bytes, gzipRatio }: Corpus): CorpusFigures {
  return { source, pages: pages.length, bytes, gzipRatio }
}

/** Leaves the pages where a child process reads them: JSON, one page a line. */
export async function writeCorpus(file: string, pages: readonly Page[]): Promise<void> {
  await writeFile(file, pages.map((page) => `${JSON.stringify(page)}\n`).join(''))
}

/**
 * `count` windows of at most `pageBytes` bytes, evenly spread over `text`. They overlap where the text is shorter
 * than what is asked of it, and no two begin at the same place. Cuts fall between characters.
 */
export function cutPages(text: Uint8Array, count: number, pageBytes: number): string[] {
  const strideBytes = (text.length - pageBytes) / Math.max(1, count - 1)
  if (strideBytes < 4) throw new RangeError(`${text.length} bytes are too few for ${count} different pages`)
  const decoder = new TextDecoder()
  return Array.from({ length: count }, (_, index) => {
    const from = characterStart(text, Math.floor(index * strideBytes))
    return decoder.decode(text.subarray(from, characterStart(text, from + pageBytes)))
  })
}

/** The last position at or before `at` where a UTF-8 character begins. */
function characterStart(text: Uint8Array, at: number): number {
  let start = Math.min(at, text.length)
  while (start > 0 && start < text.length && (text[start]! & 0xc0) === 0x80) start--
  return start
}

type Pages = Pick<Corpus, 'source' | 'pages'>

async function bookPages(count: number, dataDir: string | undefined): Promise<Pages> {
  if (dataDir === undefined) return generated('text', count, (random) => sentenceText(random, PAGE_BYTES))
  const chapters = await readMarkdown(join(dataDir, 'pages', 'rust-book'))
  const book = Buffer.from(chapters.map(({ markdown }) => markdown).join('\n'), 'utf8')
  const pages = cutPages(book, count, PAGE_BYTES).map((markdown, index) => ({
    path: pagePath('text', index),
    markdown,
  }))
  return { source: 'rust-book', pages }
}

async function tldrPages(dataDir: string | undefined): Promise<Pages> {
  if (dataDir === undefined) return generated('tldr', TLDR_PAGES, tldrLikePage)
  const pages = await readMarkdown(join(dataDir, 'pages', 'tldr'))
  return {
    source: 'tldr',
    pages: pages.map(({ markdown }, index) => ({ path: pagePath('tldr', index), markdown })),
  }
}

function generated(name: string, count: number, write: (random: Random) => string): Pages {
  const random = seededRandom(SEED)
  const pages = Array.from({ length: count }, (_, index) => ({
    path: pagePath(name, index),
    markdown: write(random),
  }))
  return { source: 'generated', pages }
}

/** Every markdown file below `dir`, in the order of its path, with the line ends and mark of the normal form. */
async function readMarkdown(dir: string): Promise<Page[]> {
  const names = await readdir(dir, { recursive: true })
  const files = names.filter((name) => name.endsWith('.md')).sort()
  return await Promise.all(
    files.map(async (path) => {
      const text = await readFile(join(dir, path), 'utf8')
      return { path, markdown: text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n') }
    }),
  )
}

/** `text/000042`: the same paths whatever the source, so that paths never make one corpus dearer. */
function pagePath(name: string, index: number): string {
  return `${name}/${String(index).padStart(6, '0')}`
}

function measure(kind: CorpusKind, { source, pages }: Pages): Corpus {
  let bytes = 0
  let gzipBytes = 0
  for (const { markdown } of pages) {
    const body = Buffer.from(markdown, 'utf8')
    bytes += body.length
    gzipBytes += gzipSync(body).length
  }
  return { kind, source, pages, bytes, gzipRatio: Number((bytes / gzipBytes).toFixed(3)) }
}
