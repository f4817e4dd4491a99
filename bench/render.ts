/**
 * What a page costs as HTML: real pages one after the other through the worker, as a face asks for them, and
 * texts that are made to cost as much as they can, which end at the deadline at the latest.
 */

import type { RenderOptions } from '../src/content/render/render.ts'
import { RENDER_UNITS_MAX } from '../src/content/render/render.ts'
import { RENDER_DEADLINE_MS, type Renderer, startRenderer } from '../src/node/io/renderer.ts'
import { corpusFigures, loadCorpus } from './corpus.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { median, quantile, significant } from './harness/statistics.ts'

export const name = 'render'
export const about = '1,000 pages of 4 KB as safe HTML, and the worst that hostile pages do'

const OPTIONS: RenderOptions = { page: undefined, pagePrefix: 'sheaf:', images: 'linked', relative: 'below' }
/** Code that has run a few times is compiled. */
const WARM_UP_PAGES = 100
/** Ending a thread takes a moment, on a machine with other work a longer one. */
const END_WITHIN_MS = 500
/** The worst is at its deadline; of real pages FIGURES names no line. */
const LINES = { worstMs: RENDER_DEADLINE_MS + END_WITHIN_MS }

/** As long as a text may be, of what readers of markdown are slow with. */
const HOSTILE: Readonly<Record<string, (units: number) => string>> = {
  closingBrackets: (units) => ']'.repeat(units),
  brackets: (units) => '['.repeat(units / 2) + ']'.repeat(units / 2),
  linksInLinks: (units) => '[a'.repeat(units / 8) + '](b)'.repeat(units / 8),
  definitions: (units) => numbered(units, (i) => `[a${i}]: b\n`),
  undefinedReferences: (units) => `[a]: b\n\n${'[b][c] '.repeat(units / 7)}`,
  emphasis: (units) => '*a _b '.repeat(units / 6),
  stars: (units) => '*'.repeat(units),
  codeSpans: (units) => numbered(units, (i) => `${'`'.repeat(i % 500)} `),
  angles: (units) => '<'.repeat(units),
  entities: (units) => '&a;'.repeat(units / 3),
  lists: (units) => `${'- '.repeat(31)}a\n`.repeat(units / 64),
  nestedLists: (units) =>
    `${Array.from({ length: 31 }, (_, i) => `${' '.repeat(2 * i)}- a\n`).join('')}\n`.repeat(units / 1_100),
  quotes: (units) => `${'>'.repeat(31)}a\n`.repeat(units / 33),
  wideTable: (units) => `${'|a'.repeat(units / 4)}\n${'|-'.repeat(units / 4)}`,
  longTable: (units) => `a|b\n-|-\n${'|\n'.repeat(units / 2 - 6)}`,
  footnotes: (units) => numbered(units / 2, (i) => `[^${i}]`) + numbered(units / 2, (i) => `\n\n[^${i}]: a`),
  oneFootnote: (units) => `[^1]: a\n\n${'[^1]'.repeat(units / 4 - 3)}`,
  headings: (units) => '# a\n'.repeat(units / 4),
  addresses: (units) => 'www.a.b '.repeat(units / 8),
  mails: (units) => 'a.'.repeat(units / 2),
  wikiLinks: (units) => '[[a]]'.repeat(units / 5),
}

export async function run({ dataDir, only }: BenchOptions): Promise<Figures> {
  const corpus = await loadCorpus('text', dataDir)
  const renderer = startRenderer()
  try {
    for (const { markdown } of corpus.pages.slice(0, WARM_UP_PAGES)) await renderer.render(markdown, OPTIONS)
    const times: number[] = []
    for (const { markdown } of corpus.pages) times.push((await timed(renderer, markdown)).ms)
    const hostile: Record<string, Timed> = {}
    for (const [kind, text] of Object.entries(HOSTILE)) {
      if (only !== undefined && !only.includes(kind)) continue
      progress(`render: ${kind}`)
      hostile[kind] = await timed(renderer, text(RENDER_UNITS_MAX).slice(0, RENDER_UNITS_MAX))
      // so that the next does not wait for a thread to load
      await renderer.render('', OPTIONS)
    }
    return {
      p50Ms: significant(median(times)),
      p95Ms: significant(quantile(times, 0.95)),
      maxMs: significant(Math.max(...times)),
      worstMs: Math.round(Math.max(...Object.values(hostile).map(({ ms }) => ms))),
      lines: LINES,
      deadlineMs: RENDER_DEADLINE_MS,
      hostile,
      corpus: corpusFigures(corpus),
    }
  } finally {
    await renderer.close()
  }
}

interface Timed {
  ms: number
  /** The code of its problem, or `rendered`. */
  outcome: string
}

async function timed(renderer: Renderer, markdown: string): Promise<Timed> {
  const startMs = performance.now()
  const { problem } = await renderer.render(markdown, OPTIONS)
  return { ms: performance.now() - startMs, outcome: problem?.code ?? 'rendered' }
}

/** Parts with a number each, as many as fit. */
function numbered(units: number, part: (index: number) => string): string {
  const parts: string[] = []
  for (let length = 0, i = 0; length < units; i++) {
    const next = part(i)
    parts.push(next)
    length += next.length
  }
  return parts.join('')
}
