/** A source text without what is not code, so that rules about code can be plain patterns. */

export interface Source {
  /** From the project's root, with `/`. */
  path: string
  text: string
}

/** Before a `/`, what says that a regular expression begins and not a division. */
const BEFORE_REGEX = /(?:[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|yield|await)|^)\s*$/

/**
 * The text with every character of a comment replaced by a blank, and with `strings: false` the
 * contents of strings, templates and regular expressions too. Lines and columns stay.
 */
export function codeOf(text: string, { strings }: { strings: boolean }): string {
  let code = ''
  /** For each open template: how many braces its current expression has open. */
  const templates: number[] = []
  let at = 0
  const keep = (end: number) => {
    code += text.slice(at, end)
    at = end
  }
  const blank = (end: number) => {
    code += text.slice(at, end).replace(/[^\n]/g, ' ')
    at = end
  }
  const quoted = (end: number) => {
    keep(at + 1)
    const inner = Math.max(at, end - 1)
    if (strings) keep(inner)
    else blank(inner)
    keep(end)
  }
  const template = (begin: number) => {
    const end = endOfTemplate(text, begin)
    if (text[end - 1] === '{') templates.push(0)
    quoted(end)
  }

  while (at < text.length) {
    const char = text[at]
    const pair = text.slice(at, at + 2)
    const depth = templates.at(-1)
    if (pair === '//') blank(indexOrEnd(text, '\n', at))
    else if (pair === '/*') blank(indexOrEnd(text, '*/', at + 2) + 2)
    else if (char === "'" || char === '"') quoted(endOfQuoted(text, at + 1, char))
    else if (char === '`') template(at + 1)
    else if (char === '/' && BEFORE_REGEX.test(code.slice(-40))) quoted(endOfRegex(text, at + 1))
    else if (char === '{' && depth !== undefined) {
      templates[templates.length - 1] = depth + 1
      keep(at + 1)
    } else if (char === '}' && depth === 0) {
      templates.pop()
      template(at + 1)
    } else {
      if (char === '}' && depth !== undefined) templates[templates.length - 1] = depth - 1
      keep(at + 1)
    }
  }
  return code
}

const IMPORT = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(['"])([^'"\n]+)\1/g

/** The specifiers of all static and dynamic imports and re-exports, types included. */
export function importsOf(text: string): string[] {
  const bare = codeOf(text, { strings: false })
  return [...codeOf(text, { strings: true }).matchAll(IMPORT)]
    .filter((match) => bare[match.index] === match[0][0]) // else it is a quoted one
    .map((match) => match[2] ?? '')
}

/** The path that a relative specifier names, from the root. */
export function resolveImport(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const index = text.indexOf(wanted, from)
  return index === -1 ? text.length : index
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === quote || text[i] === '\n') return i + 1
  }
  return text.length
}

/** After the closing backtick, or after the `${` where an expression begins. */
function endOfTemplate(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '`') return i + 1
    else if (text[i] === '$' && text[i + 1] === '{') return i + 2
  }
  return text.length
}

function endOfRegex(text: string, from: number): number {
  let inClass = false
  for (let i = from; i < text.length; i++) {
    const char = text[i]
    if (char === '\\') i++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if ((char === '/' && !inClass) || char === '\n') return i + 1
  }
  return text.length
}
