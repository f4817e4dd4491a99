/**
 * What follows the text of a markdown link: `](address "title")`, or `]: address "title"` where the
 * address of a reference is defined (CommonMark 0.31 §4.7, §6.3). What stands in it is no text.
 */

/** More open parentheses within an address make it none; the same bound as micromark's. */
const PARENTHESES_MAX = 32

const SPACE = /[ \t\n]*/y
const ANGLED = /<(?:[^<>\\\n]|\\.)*>/y
const TITLES: Record<string, RegExp> = {
  '"': /"(?:[^"\\]|\\.)*"/sy,
  "'": /'(?:[^'\\]|\\.)*'/sy,
  '(': /\((?:[^()\\]|\\.)*\)/sy,
}

/**
 * Where the tail ends that begins at the bracket at `at`; undefined where none follows. That a link or a
 * definition needs more (a text, a place at the start of a paragraph) is not asked.
 */
export function tailAfter(
  text: string,
  at: number,
  { isDefinition }: { isDefinition: boolean },
): number | undefined {
  const opening = text[at + 1]
  if (opening === ':' ? !isDefinition : opening !== '(') return undefined
  const start = skip(SPACE, text, at + 2)
  const address = addressEnd(text, start)
  if (address === undefined) return opening === '(' && text[start] === ')' ? start + 1 : undefined
  const space = skip(SPACE, text, address)
  const title = space > address ? titleEnd(text, space) : undefined
  if (opening === ':') return title ?? address
  const end = title === undefined ? space : skip(SPACE, text, title)
  return text[end] === ')' ? end + 1 : undefined
}

function addressEnd(text: string, at: number): number | undefined {
  if (text[at] === '<') {
    ANGLED.lastIndex = at
    return ANGLED.test(text) ? ANGLED.lastIndex : undefined
  }
  let depth = 0
  let end = at
  for (; end < text.length; end++) {
    const unit = text.charCodeAt(end)
    if (unit <= 0x20 || unit === 0x7f) break
    if (text[end] === '\\') end++
    else if (text[end] === '(' && ++depth > PARENTHESES_MAX) return undefined
    else if (text[end] === ')' && --depth < 0) break
  }
  return depth > 0 || end === at ? undefined : Math.min(end, text.length)
}

function titleEnd(text: string, at: number): number | undefined {
  const pattern = TITLES[text[at] ?? '']
  if (pattern === undefined) return undefined
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}
