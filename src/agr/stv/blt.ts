/**
 * BLT, the file format of ballots that most counting programs read:
 *
 *     4 2              # candidates, seats
 *     -3               # candidate 3 has withdrawn
 *     12 1 3 2 0       # twelve ballots: 1 before 3 before 2
 *     5 2 - 4 0        # a rank left blank
 *     0                # no more ballots
 *     "Ann" "Ben \"B\"" "Cal" "Dee"
 *     "Title"
 *
 * `#` and `//` begin a comment where a word could begin. Ranks shared with `=` are refused.
 */

import { SheafError } from '../../base/errors.ts'
import { lotNameOfText, lotSeedOfText } from './lot.ts'
import { type Poll, pollOf, type Role } from './poll.ts'
import { type Ballot, CANDIDATES_MAX, normalise } from './rankings.ts'
import { defaultRule, type RuleId } from './rule.ts'

/** A hundred thousand ballots of a hundred places each, with room. */
export const BLT_BYTES_MAX = 32 * 1024 * 1024
/** Longer names are not names. */
export const NAME_LENGTH_MAX = 200
/** Where a message quotes the file, it quotes this much. */
const QUOTED_MAX = 20

export interface BltFile {
  readonly seats: number
  /** Names. */
  readonly candidates: readonly string[]
  /** Indices from 0. */
  readonly withdrawn: readonly number[]
  /** As written, with indices from 0. */
  readonly ballots: readonly Ballot[]
  /** Empty where the file has none. */
  readonly title: string
}

/** What a file does not say about how it is to be counted. */
export interface BltPollOptions {
  readonly rule?: RuleId
  readonly seats?: number
  /** Words that were known before the vote, to order lots by; else the title. */
  readonly seed?: string
  /** Indices from 0 of the candidates that are no ordinary ones. */
  readonly statusQuo?: number
  readonly reopen?: number
}

/** Throws TOO_LARGE, BAD_TEXT, TRUNCATED, TRAILING_BYTES or BAD_FORMAT, which tells the line. */
export function readBlt(bytes: Uint8Array): BltFile {
  if (bytes.length > BLT_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `${bytes.length} bytes of ballots where ${BLT_BYTES_MAX} can be read`)
  }
  const words = new Words(decoded(bytes))
  const candidates = words.number('the number of candidates')
  const seats = words.number('the number of seats')
  if (candidates < 1) throw words.error('a poll needs at least one candidate')
  if (candidates > CANDIDATES_MAX) {
    throw new SheafError('TOO_LARGE', `${candidates} candidates where ${CANDIDATES_MAX} can be counted`)
  }
  if (seats < 1) throw words.error('a poll needs at least one seat')
  const { withdrawn, ballots } = readBallots(words, candidates)
  const names = Array.from({ length: candidates }, (_, i) => words.name(`the name of candidate ${i + 1}`))
  const title = words.isAtEnd() ? '' : words.name('the title')
  if (!words.isAtEnd()) {
    throw new SheafError('TRAILING_BYTES', `line ${words.line}: something follows the title`)
  }
  return { seats, candidates: names, withdrawn, ballots, title }
}

/** The file as text; the inverse of `readBlt` but for comments and blanks. */
export function writeBlt(file: BltFile): string {
  const lines = [`${file.candidates.length} ${file.seats}`]
  if (file.withdrawn.length > 0) lines.push(file.withdrawn.map((candidate) => `-${candidate + 1}`).join(' '))
  for (const { weight, ranking } of file.ballots) {
    lines.push([weight, ...ranking.map((candidate) => candidate + 1), 0].join(' '))
  }
  lines.push('0', ...file.candidates.map(quoted), quoted(file.title))
  return `${lines.join('\n')}\n`
}

/** The poll that a file describes, under the default rule for its seats unless another is named. */
export function pollOfBlt(file: BltFile, options: BltPollOptions = {}): Poll {
  const seats = options.seats ?? file.seats
  const met = new Map<string, number>()
  return pollOf({
    rule: options.rule ?? defaultRule(seats).id,
    seats,
    candidates: file.candidates.map((name, i) => {
      const occurrence = met.get(name) ?? 0
      met.set(name, occurrence + 1)
      const role: Role = i === options.statusQuo ? 'status quo' : i === options.reopen ? 'reopen' : 'ordinary'
      return { name, lotName: lotNameOfText(name, occurrence), role, isWithdrawn: file.withdrawn.includes(i) }
    }),
    rankings: normalise(file.ballots, file.candidates.length, file.withdrawn),
    seed: lotSeedOfText(options.seed ?? file.title),
  })
}

function readBallots(words: Words, candidates: number): { withdrawn: number[]; ballots: Ballot[] } {
  const withdrawn = new Set<number>()
  const ballots: Ballot[] = []
  while (true) {
    const word = words.next('a ballot, or the 0 that ends them')
    if (word === '0') return { withdrawn: [...withdrawn], ballots }
    if (word.startsWith('-') && ballots.length === 0) {
      withdrawn.add(candidateIn(words, word.slice(1), candidates))
      continue
    }
    const weight = words.wholeNumber(word, 'the weight of a ballot')
    if (weight === 0) throw words.error('a ballot of weight 0 that is not written 0')
    const ranking: number[] = []
    while (true) {
      const next = words.next('a candidate, or the 0 that ends a ballot')
      if (next === '0') break
      if (next === '-') continue
      if (next.includes('=')) throw words.error('a ballot gives two candidates the same rank')
      ranking.push(candidateIn(words, next, candidates))
    }
    ballots.push({ weight, ranking })
  }
}

function candidateIn(words: Words, word: string, candidates: number): number {
  const number = words.wholeNumber(word, 'a candidate')
  if (number < 1 || number > candidates) {
    throw words.error(`there is no candidate ${number}; they are numbered 1 to ${candidates}`)
  }
  return number - 1
}

/** The words of a file, one after the other. Nothing is split in advance: the text may be long. */
class Words {
  readonly #text: string
  #at = 0
  line = 1

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    this.#skip()
    return this.#at >= this.#text.length
  }

  /** The next word that is no name. */
  next(what: string): string {
    if (this.isAtEnd()) throw this.#truncated(what)
    const start = this.#at
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) > 32) this.#at++
    return this.#text.slice(start, this.#at)
  }

  number(what: string): number {
    return this.wholeNumber(this.next(what), what)
  }

  wholeNumber(word: string, what: string): number {
    if (!/^\d+$/.test(word)) throw this.error(`${shown(word)} is not ${what}: whole numbers only`)
    const number = Number(word)
    if (!Number.isSafeInteger(number)) {
      throw new SheafError('TOO_LARGE', `line ${this.line}: ${what} is above ${Number.MAX_SAFE_INTEGER}`)
    }
    return number
  }

  /** The next name, in quotes on one line; `\"` and `\\` stand for a quote and a backslash. */
  name(what: string): string {
    if (this.isAtEnd()) throw this.#truncated(what)
    if (this.#text[this.#at] !== '"') throw this.error(`${what} is missing: names stand in quotes`)
    let name = ''
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      let character = this.#text[this.#at] as string
      if (character === '"') {
        this.#at++
        return name
      }
      const after = this.#text[this.#at + 1]
      if (character === '\\' && (after === '"' || after === '\\')) {
        character = after
        this.#at++
      }
      if (/\p{Cc}/u.test(character)) {
        throw new SheafError(
          'BAD_TEXT',
          `line ${this.line}: ${what} holds a control character or does not end`,
        )
      }
      name += character
      if (name.length > NAME_LENGTH_MAX) {
        throw new SheafError('TOO_LARGE', `line ${this.line}: ${what} is longer than ${NAME_LENGTH_MAX}`)
      }
    }
    throw this.#truncated(`the end of ${what}`)
  }

  error(message: string): SheafError {
    return new SheafError('BAD_FORMAT', `line ${this.line}: ${message}`)
  }

  #truncated(what: string): SheafError {
    return new SheafError('TRUNCATED', `line ${this.line}: the file ends where ${what} should stand`)
  }

  /** Skips blanks and comments. */
  #skip(): void {
    const text = this.#text
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at)
      if (code === 10) this.line++
      if (code <= 32) continue
      if (code !== 35 && !(code === 47 && text.charCodeAt(this.#at + 1) === 47)) return
      const end = text.indexOf('\n', this.#at)
      this.#at = (end < 0 ? text.length : end) - 1
    }
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new SheafError('BAD_TEXT', 'the file is not UTF-8 text', {
      cause,
      hint: 'convert it to UTF-8 first',
    })
  }
}

function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`
}

function shown(word: string): string {
  return JSON.stringify(word.length > QUOTED_MAX ? `${word.slice(0, QUOTED_MAX)}…` : word)
}
