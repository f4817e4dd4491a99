/**
 * Markdown → HTML that is safe to show to anybody, whoever wrote it:
 *
 *     remark → GFM → wiki links → rehype → headings, addresses → sanitise → HTML
 *
 * Nothing in the result runs, loads anything unless that was asked for, or leads to the reader's own
 * machine. A hostile text may take long: a face calls this in a worker with a deadline.
 */
import type { Nodes, Root } from 'hast'
import rehypeSanitize from 'rehype-sanitize'
import rehypeStringify from 'rehype-stringify'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { SheafError } from '../../base/errors.ts'
import { DEPTH_MAX, readBlocks } from '../blocks.ts'
import { linksIn, resolveLink, type WikiLink } from '../links.ts'
import { type Page, pageToText } from '../space.ts'
import { anchorHeadings, type Heading } from './headings.ts'
import { parseMarkdown } from './parse.ts'
import { schemaFor } from './schema.ts'
import { type LinkOptions, safeAddresses, unnestLinks, wikiHandler } from './transform.ts'

export type RenderOptions = LinkOptions

export interface Rendered {
  /** A fragment, for the body of a page. */
  html: string
  /** Its headings, in their order. */
  toc: Heading[]
  links: RenderedLink[]
}

export interface RenderedLink {
  target: string
  section: string | undefined
  shown: string | undefined
  isEmbed: boolean
  /** The page that it leads to, in its text form; undefined where it names none, or the space is not known. */
  page: string | undefined
}

/** Ten times the longest chapter of a book, and about a second's work. */
export const RENDER_UNITS_MAX = 1024 * 1024
/** Elements within each other: browsers give up at about 500, and build another tree than was written. */
const ELEMENTS_DEEP_MAX = 200
/** Between the prefix of ids and what footnotes are called: no heading has a colon in its id. */
const NOTE_PREFIX = 'note:'

/** Throws TOO_LARGE for a text that is too long or too deeply nested to be shown but as it was written. */
export function renderMarkdown(markdown: string, options: RenderOptions): Rendered {
  refuseTooLarge(markdown)
  const links = linksIn(markdown)
  const { tree, toc } = safeTree(markdown, links, options)
  return {
    html: unified().use(rehypeStringify).stringify(tree),
    toc,
    links: links.map((link) => renderedLink(link, options.page)),
  }
}

/** What is written as HTML, as a tree. */
export function safeTree(
  markdown: string,
  links: readonly WikiLink[],
  options: RenderOptions,
): { tree: Root; toc: Heading[] } {
  try {
    const parsed = parseMarkdown(markdown, links)
    unnestLinks(parsed)
    const toHtml = unified().use(remarkRehype, {
      handlers: { wikiLink: wikiHandler(options) },
      clobberPrefix: NOTE_PREFIX,
    })
    const html = toHtml.runSync(parsed)
    const toc = anchorHeadings(html)
    safeAddresses(html, options)
    const scheme = /^([a-z]+):/.exec(options.pagePrefix)?.[1]
    const tree = unified().use(rehypeSanitize, schemaFor(scheme)).runSync(html)
    settle(tree, 0)
    return { tree, toc }
  } catch (cause) {
    // the libraries call themselves for what is within
    if (cause instanceof RangeError) throw tooDeep(cause)
    throw cause
  }
}

function refuseTooLarge(markdown: string): void {
  if (markdown.length > RENDER_UNITS_MAX) {
    throw new SheafError('TOO_LARGE', `${markdown.length} characters where ${RENDER_UNITS_MAX} are rendered`)
  }
  if (readBlocks(markdown).isTooDeep) {
    throw new SheafError('TOO_LARGE', `lists and quotes within more than ${DEPTH_MAX} of each other`)
  }
}

/** Makes the tree what a browser reads it back as: `&#13;` is a line end to it. Refuses one that it would build otherwise. */
function settle(node: Nodes, depth: number): void {
  if (depth > ELEMENTS_DEEP_MAX) throw tooDeep()
  if (node.type === 'text') node.value = withLf(node.value)
  if (node.type === 'element') {
    for (const [name, value] of Object.entries(node.properties)) {
      if (typeof value === 'string') node.properties[name] = withLf(value)
    }
  }
  if ('children' in node) for (const child of node.children) settle(child, depth + 1)
}

function withLf(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function tooDeep(cause?: unknown): SheafError {
  return new SheafError('TOO_LARGE', `elements within more than ${ELEMENTS_DEEP_MAX} of each other`, {
    cause,
  })
}

function renderedLink(link: WikiLink, from: Page | undefined): RenderedLink {
  const { target, section, shown, isEmbed } = link
  const found = from && resolveLink(link, from)
  return { target, section, shown, isEmbed, page: found && pageToText(found.page) }
}
