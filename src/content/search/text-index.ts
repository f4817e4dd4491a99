/**
 * Full-text search over pages: MiniSearch (BM25+) behind our own words. Pages come and go; what is found
 * depends on the pages that are in it, and not on the order in which they came.
 */
import MiniSearch from 'minisearch'
import { SheafError } from '../../base/errors.ts'
import type { PageFields } from './fields.ts'
import { termsIn } from './tokens.ts'
import { type CountedWord, timesIn, WordTable } from './word-table.ts'

/** Words of one field of a page that are indexed: about 64 KB of prose. */
export const FIELD_TERMS_MAX = 16_384
/** Different words of all pages, each counted for each page: about 50 bytes of memory each. */
export const POSTINGS_MAX = 5_000_000
/** Different words of one question. */
export const QUERY_TERMS_MAX = 32

/** Where a word stands there too it counts this much more; the first heading is most pages' name, and short. */
const BOOST = { path: 0.15, title: 0.3, headings: 0.15, opening: 0.3, body: 1 }
/**
 * The rarest words of a question say which pages are looked at: as long as those that have them are so many
 * together, which takes about a millisecond; two words at least.
 */
const GONE_THROUGH_MAX = 3_000
const TELLING_MIN = 2
/** Pages that the other words are counted for. */
const CANDIDATES_MAX = 100
/** Sums of the same numbers in another order differ by less. */
const EQUAL_WITHIN = 1e-9
/** Words that no page has are looked for as beginnings, and with a letter or two wrong. */
const GUESSED_LENGTH_MIN = 3
const FUZZY_LENGTH_MIN = 5
const FUZZY_LETTERS_MAX = 2
/** Words of one question that are guessed: each costs a walk through all words there are. */
const GUESSED_MAX = 4
/** Pages of the first two together: of two words that most pages have one is enough. */
const ASKED_POSTINGS_MAX = 300_000
/** A beginning that more words have than these says nothing, and costs a second for each 80,000. */
const ENDINGS_MAX = 10_000

export interface Hit {
  key: string
  /** Higher is better; of no meaning by itself. */
  score: number
}

export interface SearchBounds {
  limit: number
  /** Which pages are looked at; all where absent. */
  isWanted?: ((key: string) => boolean) | undefined
}

interface Indexed extends PageFields {
  key: string
}

export class TextIndex {
  readonly #index = new MiniSearch<Indexed>({
    idField: 'key',
    fields: [...FIELDS],
    tokenize: (text, field) => this.#terms?.get(field as Field) ?? termsIn(text, FIELD_TERMS_MAX),
    processTerm: (term) => term,
    autoVacuum: false,
  })
  /** Of the page that is being added: taken apart once. */
  #terms: ReadonlyMap<Field, string[]> | undefined
  readonly #words = new WordTable()
  /** The words of each page's body, for those that are too common to go through all pages that have them. */
  readonly #bodies = new Map<string, Uint32Array>()
  #bodyWords = 0
  #postings = 0

  get pages(): number {
    return this.#index.documentCount
  }

  get postings(): number {
    return this.#postings
  }

  has(key: string): boolean {
    return this.#index.has(key)
  }

  /** Throws TOO_LARGE where no more fits, ALREADY_EXISTS where the key is taken. */
  add(key: string, fields: PageFields): void {
    if (this.#index.has(key)) throw new SheafError('ALREADY_EXISTS', 'a page that is in the index')
    const { ofFields, terms } = termsOfPage(fields)
    if (this.#postings + terms.size > POSTINGS_MAX) throw new SheafError('TOO_LARGE', 'the index is full')
    this.#terms = ofFields
    this.#index.add({ key, ...fields })
    this.#terms = undefined
    this.#words.add(terms)
    const body = this.#words.counted(ofFields.get('body')!)
    this.#bodies.set(key, body)
    this.#bodyWords += body.length
    this.#postings += terms.size
  }

  /** `fields` are those that it was added with: nothing of it stays. */
  remove(key: string, fields: PageFields): void {
    if (!this.#index.has(key)) return
    const { ofFields, terms } = termsOfPage(fields)
    this.#terms = ofFields
    this.#index.remove({ key, ...fields })
    this.#terms = undefined
    this.#words.remove(terms)
    this.#bodyWords -= this.#bodies.get(key)!.length
    this.#bodies.delete(key)
    this.#postings -= terms.size
  }

  /** The best pages for these words, best first; equals in the order of their keys. */
  search(words: string, { limit, isWanted }: SearchBounds): Hit[] {
    const terms = queryTerms(words)
    const { common, telling } = this.#parted(terms)
    const scored = this.#scored(telling, isWanted)
    // With its equals, which come in the order in which they were added.
    const least = (scored[Math.max(limit, CANDIDATES_MAX) - 1]?.score ?? 0) * (1 - EQUAL_WITHIN)
    const found = scored.slice(0, GONE_THROUGH_MAX).filter(({ score }) => score >= least)
    const counted = common.map((term) => this.#words.get(term)!)
    return found
      .map(({ id, score, queryTerms: matched }) => {
        const own = this.#commonScore(id as string, counted)
        // MiniSearch has multiplied by the words that matched: so is the sum.
        const all = (score / matched.length + own.score) * (matched.length + own.matched)
        return { key: id as string, score: all / terms.length }
      })
      .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
      .slice(0, limit)
  }

  /** What MiniSearch would give a page for words that many have, by its body alone. */
  #commonScore(key: string, words: readonly CountedWord[]): { score: number; matched: number } {
    let score = 0
    let matched = 0
    if (words.length === 0) return { score, matched }
    const body = this.#bodies.get(key)!
    const length = (body.length * this.pages) / this.#bodyWords
    for (const { number, pages } of words) {
      const times = timesIn(body, number)
      if (times === 0) continue
      matched += 1
      score += weightOf(pages, this.pages) * bm25Plus(times, length)
    }
    return { score, matched }
  }

  /** The rarest words tell most and cost least: as many of them as GONE_THROUGH_MAX pages have, and two at least. */
  #parted(terms: readonly string[]): { common: string[]; telling: string[] } {
    const pagesWith = new Map(terms.map((term) => [term, this.#words.get(term)?.pages ?? 0]))
    const rarestFirst = [...terms].sort((a, b) => pagesWith.get(a)! - pagesWith.get(b)!)
    let known = 0
    let pages = 0
    const end = rarestFirst.findIndex((term) => {
      const own = pagesWith.get(term)!
      const most = known < TELLING_MIN ? ASKED_POSTINGS_MAX : GONE_THROUGH_MAX
      if (known > 0 && pages + own > most) return true
      known += own > 0 ? 1 : 0
      pages += own
      return false
    })
    const telling = end < 0 ? rarestFirst : rarestFirst.slice(0, end)
    return { telling, common: terms.filter((term) => !telling.includes(term)) }
  }

  #scored(terms: readonly string[], isWanted: ((key: string) => boolean) | undefined) {
    if (terms.length === 0) return []
    const unknown = terms.filter(
      (term) => this.#words.get(term) === undefined && term.length >= GUESSED_LENGTH_MIN,
    )
    const guessed = new Set(unknown.slice(0, GUESSED_MAX))
    const beginnings = this.#beginnings(guessed)
    return this.#index.search(terms.join(' '), {
      tokenize: (text) => text.split(' '),
      boost: BOOST,
      prefix: (term) => beginnings.has(term),
      fuzzy: (term) => (guessed.has(term) && term.length >= FUZZY_LENGTH_MIN ? 0.2 : false),
      maxFuzzy: FUZZY_LETTERS_MAX,
      ...(isWanted !== undefined && { boostDocument: (key: string) => (isWanted(key) ? 1 : 0) }),
    })
  }

  /** Those with which few words begin. */
  #beginnings(some: ReadonlySet<string>): ReadonlySet<string> {
    const left = new Map([...some].map((term) => [term, ENDINGS_MAX]))
    for (const word of left.size === 0 ? [] : this.#words.all()) {
      for (const [term, count] of left) {
        if (!word.startsWith(term)) continue
        if (count === 0) left.delete(term)
        else left.set(term, count - 1)
      }
      if (left.size === 0) break
    }
    return new Set(left.keys())
  }
}

/** MiniSearch's own measure with its own constants: what a word weighs that so many of all pages have … */
function weightOf(pages: number, allPages: number): number {
  return Math.log(1 + (allPages - pages + 0.5) / (pages + 0.5))
}

/** … where it stands so often in a text of that length, the mean being 1. */
function bm25Plus(times: number, length: number): number {
  return 0.5 + (times * 2.2) / (times + 1.2 * (0.3 + 0.7 * length))
}

/** The different words of a question, at most QUERY_TERMS_MAX. */
export function queryTerms(words: string): string[] {
  return [...new Set(termsIn(words, 4 * QUERY_TERMS_MAX))].slice(0, QUERY_TERMS_MAX)
}

function termsOfPage(fields: PageFields): { ofFields: Map<Field, string[]>; terms: Set<string> } {
  const ofFields = new Map(FIELDS.map((field) => [field, termsIn(fields[field], FIELD_TERMS_MAX)]))
  return { ofFields, terms: new Set([...ofFields.values()].flat()) }
}

type Field = keyof PageFields
const FIELDS = ['path', 'title', 'headings', 'opening', 'body'] as const satisfies Field[]
