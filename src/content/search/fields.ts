/** What a page is found by: its name, its title, its headings, and all it says. Markdown is read roughly: what it means to a reader is for the renderer. */

/** What counts more where a word stands there. */
export interface PageFields {
  path: string
  title: string
  headings: string
  /** The first paragraph, which mostly says what the page is about. */
  opening: string
  body: string
}

/** Of a longer page the first so many characters are indexed: a long chapter of a book. */
export const INDEXED_CHARS_MAX = 262_144
/** Headings beyond these say no more of what a page is about. */
const HEADINGS_MAX = 256

/** The fields of a page of markdown. */
export function fieldsOf(path: string, markdown: string): PageFields {
  const body = markdown.slice(0, INDEXED_CHARS_MAX)
  const headings = headingsOf(body)
  return {
    path,
    title: headings[0] ?? nameOf(path),
    headings: headings.slice(1).join('\n'),
    opening: openingOf(body),
    body,
  }
}

/** What a page calls itself, in one line: its first heading, else the last part of its path. */
export function titleOf(path: string, markdown: string): string {
  return headingsOf(markdown.slice(0, INDEXED_CHARS_MAX), 1)[0] ?? nameOf(path)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The first lines together that are neither blank nor a heading. */
function openingOf(markdown: string): string {
  let found = ''
  for (let at = 0; at < Math.min(markdown.length, OPENING_WITHIN_CHARS); ) {
    const end = endOfLine(markdown, at)
    const line = markdown.slice(at, Math.min(end, at + OPENING_CHARS_MAX))
    at = end + 1
    if (/^\s*(#{1,6}\s|$)/.test(line)) {
      if (found !== '') break
    } else found += `${line}\n`
    if (found.length >= OPENING_CHARS_MAX) break
  }
  return found.slice(0, OPENING_CHARS_MAX)
}

/** What begins further down opens nothing, and a longer paragraph has said by then what it is about. */
const OPENING_WITHIN_CHARS = 4_096
const OPENING_CHARS_MAX = 1_024

/** Lines that begin with `#` outside of fenced code. */
function headingsOf(markdown: string, max = HEADINGS_MAX): string[] {
  const found: string[] = []
  let fence = ''
  for (let at = 0; at < markdown.length && found.length < max; ) {
    const end = endOfLine(markdown, at)
    const line = markdown.slice(at, Math.min(end, at + LINE_CHARS_MAX))
    at = end + 1
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== '') {
      if (mark?.startsWith(fence) === true) fence = ''
    } else if (mark !== undefined) fence = mark
    else {
      const heading = /^ {0,3}#{1,6}[ \t]+(\S.*)$/.exec(line)?.[1]
      if (heading !== undefined) found.push(heading.replace(/[ \t]+#*[ \t]*$/, ''))
    }
  }
  return found
}

/** A heading is shorter. */
const LINE_CHARS_MAX = 512

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
