/**
 * Full-text search over pages: MiniSearch (BM25+) behind our own words. Pages come and go; what is found
 * depends on the pages that are in it, and not on the order in which they came.
 */
import MiniSearch from 'minisearch'
import { SheafError } from '../../base/errors.ts'
import type { PageFields } from './fields.ts'
import { termsIn } from './tokens.ts'

/** Words of one field of a page that are indexed: about 64 KB of prose. */
export const FIELD_TERMS_MAX = 16_384
/** Different words of all pages, each counted for each page: about 50 bytes of memory each. */
export const POSTINGS_MAX = 5_000_000
/** Different words of one question. */
export const QUERY_TERMS_MAX = 32

/** Where a word stands there too it counts this much more; the first heading is most pages' name, and short. */
const BOOST = { path: 0.15, title: 0.3, headings: 0.15, body: 1 }
/** A word that more pages have than this part of them is only counted for pages that others have found. */
const COMMON_SHARE = 0.1
/** Pages that common words are counted for. */
const CANDIDATES_MAX = 100
/** Words that no page has are looked for as beginnings, and with a letter or two wrong. */
const GUESSED_LENGTH_MIN = 3
const FUZZY_LENGTH_MIN = 5
const FUZZY_LETTERS_MAX = 2
/** Words of one question that are guessed: each costs a walk through all words there are. */
const GUESSED_MAX = 4
/** Pages of all words of one question together; a word that most pages have tells least, and is left out first. */
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
  /** How many pages have a word. */
  readonly #pagesWith = new Map<string, number>()
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
    for (const term of terms) this.#pagesWith.set(term, (this.#pagesWith.get(term) ?? 0) + 1)
    this.#postings += terms.size
  }

  /** `fields` are those that it was added with: nothing of it stays. */
  remove(key: string, fields: PageFields): void {
    if (!this.#index.has(key)) return
    const { ofFields, terms } = termsOfPage(fields)
    this.#terms = ofFields
    this.#index.remove({ key, ...fields })
    this.#terms = undefined
    for (const term of terms) {
      const left = this.#pagesWith.get(term)! - 1
      if (left > 0) this.#pagesWith.set(term, left)
      else this.#pagesWith.delete(term)
    }
    this.#postings -= terms.size
  }

  /** The best pages for these words, best first; equals in the order of their keys. */
  search(words: string, { limit, isWanted }: SearchBounds): Hit[] {
    const terms = this.#affordable(queryTerms(words))
    const { common, telling } = this.#parted(terms)
    const found = new Map<string, { score: number; matched: number }>()
    for (const { id, score, queryTerms: matched } of this.#scored(telling, isWanted)) {
      found.set(id as string, { score, matched: matched.length })
      if (found.size === Math.max(limit, CANDIDATES_MAX)) break
    }
    for (const { id, score, queryTerms: matched } of this.#scored(common, (key) => found.has(key))) {
      const one = found.get(id as string)!
      one.score += score
      one.matched += matched.length
    }
    return [...found]
      .map(([key, { score, matched }]) => ({ key, score: (score * matched) / terms.length }))
      .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
      .slice(0, limit)
  }

  /** The rarest first, as many as may be looked at; one is. */
  #affordable(terms: readonly string[]): string[] {
    const pagesWith = (term: string): number => this.#pagesWith.get(term) ?? 0
    const rareFirst = [...terms].sort((a, b) => pagesWith(a) - pagesWith(b))
    let left = ASKED_POSTINGS_MAX
    const tooMany = rareFirst.findIndex((term, i) => {
      left -= pagesWith(term)
      return left < 0 && i > 0
    })
    const out = new Set(tooMany < 0 ? [] : rareFirst.slice(tooMany))
    return terms.filter((term) => !out.has(term))
  }

  /** Common words cost most and tell least: left out of the first round where two others are there. */
  #parted(terms: readonly string[]): { common: string[]; telling: string[] } {
    const most = Math.max(1, this.pages * COMMON_SHARE)
    const telling = terms.filter((term) => (this.#pagesWith.get(term) ?? 0) <= most)
    if (telling.length < 2) return { common: [], telling: [...terms] }
    return { common: terms.filter((term) => !telling.includes(term)), telling }
  }

  #scored(terms: readonly string[], isWanted: ((key: string) => boolean) | undefined) {
    if (terms.length === 0) return []
    const unknown = terms.filter((term) => !this.#pagesWith.has(term) && term.length >= GUESSED_LENGTH_MIN)
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
    for (const word of left.size === 0 ? [] : this.#pagesWith.keys()) {
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

/** The different words of a question, at most QUERY_TERMS_MAX. */
export function queryTerms(words: string): string[] {
  return [...new Set(termsIn(words, 4 * QUERY_TERMS_MAX))].slice(0, QUERY_TERMS_MAX)
}

function termsOfPage(fields: PageFields): { ofFields: Map<Field, string[]>; terms: Set<string> } {
  const ofFields = new Map(FIELDS.map((field) => [field, termsIn(fields[field], FIELD_TERMS_MAX)]))
  return { ofFields, terms: new Set([...ofFields.values()].flat()) }
}

type Field = keyof PageFields
const FIELDS = ['path', 'title', 'headings', 'body'] as const satisfies Field[]
