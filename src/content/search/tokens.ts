/**
 * Words of a text, as a search index has them: in any script, without case and accents, and code words both
 * whole and in their parts.
 *
 *     `git log --no-pager`   → git · log · --no-pager no pager
 *     `Crème brûlée`         → creme · brulee
 *     `養蜂家は巣箱を`        → 養蜂家 養蜂 蜂家 · は · 巣箱 · を
 */

/** A longer word is a hash or a picture in base64: nobody asks for its end. */
const TERM_LENGTH_MAX = 64
/** Of a script without spaces, what is taken apart at once: ICU takes the square of it. Nobody writes as much without a comma. */
const RUN_UNITS_MAX = 512

/** A word where it stands, and what it is found by. */
export interface Word {
  /** Position in the text, in UTF-16 units; `end` is exclusive. */
  start: number
  end: number
  /** The word as a whole first, then its parts, where it has any. Never empty. */
  terms: string[]
}

/** The words of a text in their order. */
export function* wordsOf(text: string): Generator<Word> {
  const chunks = new RegExp(CHUNK)
  for (let found = chunks.exec(text); found !== null; found = chunks.exec(text)) {
    const [chunk] = found
    if (UNSPACED.test(chunk)) {
      yield* segments(chunk, found.index)
      continue
    }
    const terms = termsOf(chunk)
    if (terms.length > 0) yield { start: found.index, end: found.index + chunk.length, terms }
  }
}

/** Everything that a text is found by, as often as it is said; at most `max` terms of it. */
export function termsIn(text: string, max: number = Number.POSITIVE_INFINITY): string[] {
  const terms: string[] = []
  for (const word of wordsOf(text)) {
    for (const term of word.terms) if (terms.push(term) >= max) return terms
  }
  return terms
}

/**
 * The same for words that differ in case, accents, width or ligature only. Marks go where they are accents, and
 * stay where they are vowels: in Devanagari, Thai, Hebrew without its points, Arabic without its.
 */
export function fold(word: string): string {
  if (isAscii(word)) return word.toLowerCase()
  return word
    .normalize('NFKD')
    .replace(ACCENTS, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(ACCENTS, '') // İ gives a dot only here
    .replace(APART, (letter) => LETTERS[letter]!)
}

/**
 * Letters, digits and marks, with what joins the parts of a code word between them, dashes before, and the signs of
 * C++, C# and F# behind. Each joint needs a letter behind it, so no text takes more than one pass.
 */
const CHUNK =
  /(?:(?<![\p{L}\p{N}])--?)?[\p{L}\p{N}\p{M}]+(?:(?:::|[-_.:/+@'’&])[\p{L}\p{N}\p{M}]+)*(?:\+\+|#)?/gu
const JOINTS = /[-_.:/+@'’&#]+/

/** None where a chunk is accents alone, as the stroke of a struck arrow is. */
function termsOf(chunk: string): string[] {
  const whole = clipped(fold(chunk))
  if (whole === '') return []
  if (!JOINTS.test(chunk)) return [whole, ...pairsOf(whole)]
  const parts = fold(chunk)
    .split(JOINTS)
    .filter((part) => part !== '')
    .map(clipped)
  return [...new Set([whole, ...parts])]
}

function clipped(term: string): string {
  return term.length > TERM_LENGTH_MAX ? term.slice(0, wholeUpTo(term, TERM_LENGTH_MAX)) : term
}

/** The last place up to `at` that is not between the halves of a letter. */
function wholeUpTo(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at
}

/** Words of scripts that put no space between them, as ICU's dictionaries have them. */
function* segments(chunk: string, at: number): Generator<Word> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'word' })
  for (let from = 0, to = 0; from < chunk.length; from = to) {
    to = wholeUpTo(chunk, Math.min(chunk.length, from + RUN_UNITS_MAX))
    for (const { segment, index, isWordLike } of segmenter.segment(chunk.slice(from, to))) {
      if (isWordLike !== true) continue
      const start = at + from + index
      const terms = termsOf(segment)
      if (terms.length > 0) yield { start, end: start + segment.length, terms }
    }
  }
}

/** Pairs of letters of a longer word in Chinese, Japanese or Korean: parts of it that no space shows. */
function pairsOf(word: string): string[] {
  if (word.length < 3 || !PAIRED.test(word)) return []
  const letters = [...word]
  return letters.slice(1).map((letter, i) => letters[i]! + letter)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** Made when it is first needed: that takes longer than all else of a start, and most nodes never see such a script. */
let segmenter: Intl.Segmenter | undefined
/** Thai, Lao, Myanmar, Khmer, Han, Kana. */
const UNSPACED =
  /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u
const PAIRED = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u
/** Of Latin, Greek and Cyrillic; the points of Hebrew; the vowels of Arabic, and its filler. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]/g
/** Letters that Unicode does not take apart, and the sigma at the end of a word. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
}
const APART = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
