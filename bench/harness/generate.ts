/** Seeded text of three sorts: like English prose, like a short manual page, and text that gzip can do little with. */

/** A number in [0, 1). */
export type Random = () => number

/** Letters as they follow each other in pronounceable words: onset, vowel, ending. */
const ONSETS = 'b br c ch cl d dr f fl g gr h j l m n p pl pr qu r s sh sl st t th tr v w'.split(' ')
const VOWELS = 'a e i o u ai ea ee ou ie'.split(' ')
const ENDINGS = ['', '', '', 'd', 'l', 'n', 'nd', 'ng', 'r', 'rs', 's', 'st', 't']
/** The words that hold English together; about half of any text is made of these. */
const FUNCTION_WORDS = (
  'the of and to a in is that it for as with on be by this are or from at an which you can not but have when if ' +
  'one will use we has all there each other its into how more than then code value type they your so only these'
).split(' ')
/** Chosen so that a page of 4 KB compresses about 2.4 times, as the Rust book does. */
const CONTENT_WORDS = 350
const FUNCTION_WORD_SHARE = 0.45
const CONTENT_EXPONENT = 3.6

/** Sizes of the tldr pages by quantile, in bytes, measured over 7,425 English pages. */
const TLDR_SIZES: readonly (readonly [share: number, bytes: number])[] = [
  [0, 102],
  [0.05, 126],
  [0.1, 198],
  [0.25, 364],
  [0.5, 552],
  [0.75, 756],
  [0.9, 956],
  [0.95, 1104],
  [0.99, 1420],
  [1, 2319],
]

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to write text with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The items in an order drawn with `random` (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = order[last]!
    order[last] = order[other]!
    order[other] = item
  }
  return order
}

/** Exactly `bytes` bytes of prose with headings and lists, all ASCII. */
export function sentenceText(random: Random, bytes: number): string {
  let text = `# ${title(random)}\n\n`
  while (text.length < bytes) {
    const form = random()
    if (form < 0.08) text += `## ${title(random)}\n\n`
    else if (form < 0.16) text += `- ${sentence(random)}\n- ${sentence(random)}\n\n`
    else text += `${paragraph(random)}\n\n`
  }
  return text.slice(0, bytes)
}

/** A page of the shape and the size distribution of a tldr page: a name, a purpose, commands. */
export function tldrLikePage(random: Random): string {
  const bytes = drawTldrBytes(random)
  const command = word(random)
  let text = `# ${command}\n\n> ${sentence(random)}\n`
  while (text.length < bytes) {
    text += `\n- ${title(random)}:\n\n\`${command} --${word(random)} {{path/to/${word(random)}}}\`\n`
  }
  return text.slice(0, bytes)
}

/**
 * Exactly `bytes` bytes of valid UTF-8 that gzip gains little on: 62 % printable ASCII, 28 % characters of two
 * bytes and 10 % of three, so that nearly all byte values that UTF-8 may hold are nearly as frequent.
 */
export function incompressibleText(random: Random, bytes: number): string {
  let text = ''
  let left = bytes
  while (left > 0) {
    const draw = random()
    const size = draw < 0.62 || left < 2 ? 1 : draw < 0.9 || left < 3 ? 2 : 3
    text += String.fromCharCode(drawCodePoint(random, size))
    left -= size
  }
  return text
}

/** A printable character that takes `size` bytes; three-byte ones stay below the surrogates. */
function drawCodePoint(random: Random, size: 1 | 2 | 3): number {
  if (size === 1) return between(random, 0x20, 0x7f)
  if (size === 2) return between(random, 0xa0, 0x800)
  return between(random, 0x800, 0xd800)
}

function drawTldrBytes(random: Random): number {
  const share = random()
  const above = TLDR_SIZES.findIndex(([upTo]) => upTo > share)
  const [lowShare, lowBytes] = TLDR_SIZES[above - 1]!
  const [highShare, highBytes] = TLDR_SIZES[above]!
  return Math.round(lowBytes + ((highBytes - lowBytes) * (share - lowShare)) / (highShare - lowShare))
}

function paragraph(random: Random): string {
  return Array.from({ length: between(random, 2, 6) }, () => sentence(random)).join(' ')
}

function sentence(random: Random): string {
  const words = Array.from({ length: between(random, 6, 20) }, () => word(random))
  const at = between(random, 2, words.length)
  if (random() < 0.4) words[at - 1] += ','
  return `${capital(words.join(' '))}.`
}

function title(random: Random): string {
  return capital(Array.from({ length: between(random, 2, 5) }, () => word(random)).join(' '))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A word with frequencies that fall with rank, as in any language. */
function word(random: Random): string {
  if (random() < FUNCTION_WORD_SHARE)
    return FUNCTION_WORDS[Math.floor(random() ** 2 * FUNCTION_WORDS.length)]!
  return CONTENT[Math.floor(random() ** CONTENT_EXPONENT * CONTENT.length)]!
}

function between(random: Random, from: number, upTo: number): number {
  return from + Math.floor(random() * (upTo - from))
}

const CONTENT = inventWords(CONTENT_WORDS)

function inventWords(count: number): string[] {
  const random = seededRandom(1)
  const pick = (parts: readonly string[]): string => parts[Math.floor(random() * parts.length)]!
  const words = new Set<string>()
  while (words.size < count) {
    const syllables = between(random, 1, 4)
    let invented = ''
    for (let at = 0; at < syllables; at++) invented += pick(ONSETS) + pick(VOWELS)
    words.add(invented + pick(ENDINGS))
  }
  return [...words]
}
