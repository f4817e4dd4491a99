/**
 * Wiki links, and where they stand in a markdown text. The grammar is frozen with MARKUP version 1:
 *
 *     [[garden/bees]]                  a page of the space that the text is in, by its path from the root
 *     [[./bees]]  [[../tools/hive]]    the same, from the folder of the page that the text is of
 *     [[@k3…/garden/bees]]             a page of another space: @ENTITY or %GROUP, by id or by a local name
 *     [[garden/bees#Winter]]           a section of it; [[#Winter]] is one of this page
 *     [[garden/bees|about bees]]       with the words to show; in a table too, where the bar is written \|
 *     ![[garden/bees.png]]             the same as a wish to have it shown in place
 *     \[[no link]]  `[[nor this]]`     and nor is what stands in code, in an address or in an image's text
 *
 * Between the brackets there is one line of at most LINK_UNITS_MAX units without control characters
 * and without brackets but `\[` and `\]`; `\#` and `\\` are the characters themselves. A link binds as
 * tight as a code span: whichever begins first is one.
 *
 * `linksIn` is the grammar: linear in time, it says which links a text has, and the renderer makes a link
 * where it says so and nowhere else. In doubt (an address that holds a backtick, tabs and tables that
 * could be read in two ways) there is none.
 */
import { readBlocks, type TextRun } from './blocks.ts'
import { tailAfter } from './link-tail.ts'
import { brokenRule } from './path.ts'
import { type Page, type Space, spaceFromText } from './space.ts'

export interface WikiLink {
  /** Where it stands: UTF-16 units of the text, from its first bracket (or `!`) to behind its last. */
  from: number
  to: number
  /** The page as it is named there, without escapes, in NFC; empty for the page itself. */
  target: string
  section: string | undefined
  /** The words to show, where there are some. */
  shown: string | undefined
  isEmbed: boolean
}

export interface LinkTarget {
  page: Page
  section: string | undefined
}

/** The longest path, the longest name of a space and as much for section and words. */
export const LINK_UNITS_MAX = 1_200
/** Links of one page; what comes after them is text. A list of all pages of a large space has fewer. */
export const LINKS_MAX = 10_000

const LINK = new RegExp(
  `!?\\[\\[((?:[^[\\]\\\\\\u0000-\\u001f\\u007f]|\\\\[^\\u0000-\\u001f\\u007f]){1,${LINK_UNITS_MAX}})\\]\\]`,
  'y',
)
/** What `linksIn` has to look at; letters only where an address may begin with them. */
const MARKS = /[\\`<!\][]/g
const MARKS_AND_ADDRESSES = /[\\`<!\][]|https?:\/\/|www\./gi
const HAS_ADDRESS = /:\/\/|www\./i
const ADDRESS_END = /[\s<]|$/g
/** `<https://…>` and `<a@b.example>` (CommonMark 0.31 §6.5). */
const AUTOLINK =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: CommonMark names them
  /<(?:[a-z][a-z0-9+.-]{1,31}:[^\s<>\u0000-\u001f\u007f]*|[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9.-]+)>/iy

/** The links of a text, in their order, LINKS_MAX at most. Time and memory grow with its length alone. */
export function linksIn(markdown: string): WikiLink[] {
  if (!markdown.includes('[[')) return []
  const links: WikiLink[] = []
  for (const run of readBlocks(markdown).runs) {
    for (const link of linksOfRun(markdown, run)) links.push(link)
    if (links.length >= LINKS_MAX) return links.slice(0, LINKS_MAX)
  }
  return links
}

/**
 * The page that a link on the page `from` leads to; undefined where it names none that could exist.
 * `spaceNamed` knows the reader's own names for spaces (`@alice`); ids need no knowledge.
 */
export function resolveLink(
  link: Pick<WikiLink, 'target' | 'section'>,
  from: Page,
  spaceNamed: (name: string) => Space | undefined = () => undefined,
): LinkTarget | undefined {
  const { target, section } = link
  if (target === '') return { page: from, section }
  const page = /^[@%]/.test(target) ? elsewhere(target, spaceNamed) : here(target, from)
  return page === undefined || brokenRule(page.path) !== undefined ? undefined : { page, section }
}

function elsewhere(target: string, spaceNamed: (name: string) => Space | undefined): Page | undefined {
  const slash = target.indexOf('/')
  if (slash < 0) return undefined
  const name = target.slice(0, slash)
  const space = spaceOfId(name) ?? spaceNamed(name)
  return space && { space, path: target.slice(slash + 1) }
}

function spaceOfId(name: string): Space | undefined {
  return /^[@%][a-z2-7]{51}[aq]$/.test(name) ? spaceFromText(name) : undefined
}

/** No segment of a path is `.` or `..` where another follows, so that these can say where to begin. */
function here(target: string, from: Page): Page | undefined {
  if (!/^\.\.?\//.test(target)) return { space: from.space, path: target }
  const folder = from.path.split('/').slice(0, -1)
  let rest = target.startsWith('./') ? target.slice(2) : target
  while (rest.startsWith('../')) {
    if (folder.pop() === undefined) return undefined
    rest = rest.slice(3)
  }
  return { space: from.space, path: [...folder, rest].join('/') }
}

/** Where a paragraph may be a table, its cells are texts of their own: only what is a link either way is one. */
function linksOfRun(markdown: string, run: TextRun): WikiLink[] {
  const joined = new Joined(markdown, run)
  if (!joined.text.includes('[[')) return []
  const links = linksOfText(joined.text, 0)
  const certain = run.isTableLike ? links.filter(inBoth(cellLinks(joined.text))) : links
  return certain.map((link) => joined.place(link))
}

function inBoth(others: readonly WikiLink[]): (link: WikiLink) => boolean {
  const ends = new Map(others.map(({ from, to }) => [from, to]))
  return ({ from, to }) => ends.get(from) === to
}

/** The links of a table's cells, which end at a bar without a backslash, and at the end of the line. */
function cellLinks(text: string): WikiLink[] {
  const cell = /(?:[^\\|\n]|\\[^\n]|\\$)+/gm
  return [...text.matchAll(cell)].flatMap((match) => linksOfText(match[0], match.index))
}

/** The lines of a run as one text, and back to where they stand. */
class Joined {
  readonly text: string
  /** Where each line begins in `text`, and how much further on it stands in the markdown. */
  readonly #starts: { at: number; shift: number }[] = []
  #last = 0

  constructor(markdown: string, { lines }: TextRun) {
    let at = 0
    const texts = lines.map(({ from, to }) => {
      this.#starts.push({ at, shift: from - at })
      at += to - from + 1
      return markdown.slice(from, to)
    })
    this.text = texts.join('\n')
  }

  /** A link of `text` as one of the markdown; to be asked in their order. */
  place(link: WikiLink): WikiLink {
    while (this.#last + 1 < this.#starts.length && this.#starts[this.#last + 1]!.at <= link.from) this.#last++
    const { shift } = this.#starts[this.#last]!
    return { ...link, from: link.from + shift, to: link.to + shift }
  }
}

/** The links of the text of one block, which begins at `offset`. */
function linksOfText(text: string, offset: number): WikiLink[] {
  const links: WikiLink[] = []
  const spans = new CodeSpans(text)
  const marks = HAS_ADDRESS.test(text) ? MARKS_AND_ADDRESSES : MARKS
  /** Before this a link may be a part of an address or of a title. */
  let doubtUntil = 0
  let addressEnd = 0
  /** Open brackets since that of an image's text. */
  let imageDepth = 0
  let at = 0
  for (;;) {
    marks.lastIndex = at
    const mark = marks.exec(text)
    if (mark === null) return links
    at = mark.index
    switch (mark[0]) {
      case '\\':
        // before a letter it escapes nothing, and an address may begin there
        at += /[a-z]/i.test(text[at + 1] ?? '') ? 1 : 2
        break
      case '`':
        at = spans.after(at)
        break
      case '<':
        at = endOf(AUTOLINK, text, at) ?? at + 1
        break
      case '!':
      case '[': {
        const link = linkAt(text, at)
        if (link !== undefined && at >= doubtUntil && imageDepth === 0) {
          links.push({ ...link, from: link.from + offset, to: link.to + offset })
          at = link.to
        } else if (mark[0] === '[') {
          if (imageDepth > 0) imageDepth++
          at += 1
        } else if (text[at + 1] === '[') {
          imageDepth++
          at += 2
        } else at += 1
        break
      }
      case ']': {
        if (imageDepth > 0) imageDepth--
        const end = tailAfter(text, at, { isDefinition: text[0] === '[' && at >= doubtUntil })
        if (end !== undefined) {
          // whether its bracket has a partner decides if a backtick in it opens code
          if (text.slice(at, end).includes('`')) return links
          doubtUntil = Math.max(doubtUntil, end)
        }
        at += 1
        break
      }
      default: {
        if (at >= addressEnd) {
          ADDRESS_END.lastIndex = at
          addressEnd = ADDRESS_END.exec(text)!.index
          if (text.slice(at, addressEnd).includes('`')) return links
          doubtUntil = Math.max(doubtUntil, addressEnd)
        }
        at += mark[0].length
      }
    }
  }
}

function linkAt(text: string, at: number): WikiLink | undefined {
  LINK.lastIndex = at
  const match = LINK.exec(text)
  const named = match === null ? undefined : readLink(match[1]!)
  if (match === null || named === undefined) return undefined
  return { from: at, to: LINK.lastIndex, ...named, isEmbed: text[at] === '!' }
}

/** What stands between the brackets; undefined where it names nothing. */
function readLink(inner: string): Pick<WikiLink, 'target' | 'section' | 'shown'> | undefined {
  const parts = { target: '', section: '', shown: '' }
  let part: keyof typeof parts = 'target'
  for (const [unit, escaped] of inner.matchAll(/\\(.)|./gsu)) {
    const character = escaped ?? unit
    if (character === '|' && part !== 'shown') part = 'shown'
    else if (unit === '#' && part === 'target') part = 'section'
    else parts[part] += escaped === undefined || /[[\]#|\\]/.test(escaped) ? character : unit
  }
  const target = parts.target.trim().normalize('NFC')
  const section = parts.section.trim() || undefined
  if (target === '' && section === undefined) return undefined
  return { target, section, shown: parts.shown.trim() || undefined }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

/** Where code spans end: a run of backticks is closed by the next one of the same length. */
class CodeSpans {
  readonly #text: string
  /** Length of a run → where runs of this length begin, the first last. */
  #runs: Map<number, number[]> | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** Behind the span that opens at `at`, or behind the backticks that open none. Asked from left to right. */
  after(at: number): number {
    let end = at
    while (this.#text[end] === '`') end++
    this.#runs ??= this.#findRuns()
    const starts = this.#runs.get(end - at) ?? []
    while (starts.length > 0 && starts.at(-1)! < end) starts.pop()
    const closing = starts.at(-1)
    return closing === undefined ? end : closing + end - at
  }

  #findRuns(): Map<number, number[]> {
    const runs = new Map<number, number[]>()
    for (const { 0: run, index } of [...this.#text.matchAll(/`+/g)].reverse()) {
      const starts = runs.get(run.length)
      if (starts === undefined) runs.set(run.length, [index])
      else starts.push(index)
    }
    return runs
  }
}
