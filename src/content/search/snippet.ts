/** The place in a page where most of the words stand that were asked for, as one line with the words marked. */
import { queryTerms } from './text-index.ts'
import { wordsOf } from './tokens.ts'

/** Two lines of a terminal. */
export const SNIPPET_CHARS = 180
/** Of a longer page the rest is not looked through. */
const LOOKED_CHARS_MAX = 65_536
/** Words before the first that was asked for. */
const LEAD_CHARS = 40

export interface Snippet {
  text: string
  /** Where the words stand that were asked for: UTF-16 units, the end exclusive, in order and apart. */
  marks: { from: number; to: number }[]
  /** Whether the page has any of the words, in what was looked through. */
  hasWords: boolean
}

/** A piece of at most about SNIPPET_CHARS characters of `markdown`; its beginning where no word stands in it. */
export function snippetOf(markdown: string, words: string): Snippet {
  const asked = new Set(queryTerms(words))
  const text = markdown.slice(0, LOOKED_CHARS_MAX).replace(/\s+/g, ' ').trim()
  const hits: { from: number; to: number; term: string }[] = []
  for (const { start, end, terms } of wordsOf(text)) {
    const term = terms.find((one) => asked.has(one))
    if (term !== undefined) hits.push({ from: start, to: end, term })
  }
  const best = bestWindow(hits)
  const from = wordStart(text, Math.max(0, (hits[best]?.from ?? 0) - LEAD_CHARS))
  const to = wordEnd(text, Math.min(text.length, from + SNIPPET_CHARS))
  const marks = hits
    .filter((hit) => hit.from >= from && hit.to <= to)
    .map((hit) => ({ from: hit.from - from, to: hit.to - from }))
  return { text: text.slice(from, to), marks, hasWords: hits.length > 0 }
}

/** The hit from which on a snippet's length has the most different words; the first of equals. */
function bestWindow(hits: readonly { from: number; term: string }[]): number {
  const inside = new Map<string, number>()
  let best = 0
  let most = 0
  let next = 0
  for (const [i, hit] of hits.entries()) {
    for (; next < hits.length && hits[next]!.from < hit.from + SNIPPET_CHARS - LEAD_CHARS; next++) {
      const { term } = hits[next]!
      inside.set(term, (inside.get(term) ?? 0) + 1)
    }
    if (inside.size > most) {
      most = inside.size
      best = i
    }
    const left = inside.get(hit.term)! - 1
    if (left > 0) inside.set(hit.term, left)
    else inside.delete(hit.term)
  }
  return best
}

/** Looks so far for the end of a word; scripts without spaces are cut where it falls. */
const WORD_CHARS = 24

function wordStart(text: string, at: number): number {
  if (at === 0) return 0
  const space = text.indexOf(' ', at)
  return space >= 0 && space < at + WORD_CHARS ? space + 1 : whole(text, at)
}

function wordEnd(text: string, at: number): number {
  if (at === text.length) return at
  const space = text.lastIndexOf(' ', at)
  return space > at - WORD_CHARS ? space : whole(text, at)
}

/** Not between the halves of a character. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
