/** Headings as places that one can link to, and as a table of contents. */

import GithubSlugger, { slug } from 'github-slugger'
import type { Element, Nodes, Root } from 'hast'
import { visit } from 'unist-util-visit'
import { ID_PREFIX } from './schema.ts'

export interface Heading {
  /** 1 to 6. */
  depth: number
  /** What it says, without marks. */
  text: string
  /** The id of its element. */
  id: string
}

/** The id that the footnotes' own heading has. */
const TAKEN = 'footnote-label'

/** Gives each heading an id that the sanitiser will prefix; tells them all in their order. */
export function anchorHeadings(tree: Root): Heading[] {
  const slugger = new GithubSlugger()
  slugger.slug(TAKEN)
  const toc: Heading[] = []
  visit(tree, 'element', (element: Element) => {
    const depth = /^h([1-6])$/.exec(element.tagName)?.[1]
    if (depth === undefined || element.properties.id !== undefined) return
    const text = textOf(element).trim()
    const id = slugger.slug(text)
    if (id === '') return
    element.properties.id = id
    toc.push({ depth: Number(depth), text, id: ID_PREFIX + id })
  })
  return toc
}

/** The id of the first heading that says `section`. */
export function sectionId(section: string): string {
  return ID_PREFIX + slug(section)
}

function textOf(node: Nodes): string {
  if (node.type === 'text') return node.value
  return 'children' in node ? node.children.map(textOf).join('') : ''
}
