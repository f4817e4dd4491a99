/**
 * What a browser would make of HTML, held to what a stranger's page may be: written down once more, and not
 * taken from the renderer's own list.
 */
import type { Element, Nodes, Root } from 'hast'
import { fromHtml } from 'hast-util-from-html'
import { parsedUrl } from './url.ts'

const ELEMENTS =
  'a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img input li ol p pre section span strong sup table tbody td th thead tr ul'.split(
    ' ',
  )
const ATTRIBUTES =
  'align alt ariaDescribedBy ariaLabel checked className dataFootnoteBackref dataFootnotes dataFootnoteRef disabled href id loading referrerPolicy rel src start title type'.split(
    ' ',
  )
const CLASS =
  /^(?:wiki|image|broken|refused|sr-only|footnotes|data-footnote-backref|task-list-item|contains-task-list|language-.*)$/s
const BASE = 'http://127.0.0.1:1234/reader/page'

/** What is wrong with `html`, a line for each; none where it is safe. */
export function dangers(html: string): string[] {
  const tree = fromHtml(html, { fragment: true })
  return elementsIn(tree).flatMap((element) => dangersOf(element))
}

/** The tree that a browser builds of `html`, in a form to compare with `treeText`. */
export function parsedText(html: string): string {
  return treeText(fromHtml(html, { fragment: true }))
}

/** A tree as text: what is the same to a browser is the same here. */
export function treeText(root: Root): string {
  return JSON.stringify(plain(root))
}

function elementsIn(node: Nodes): Element[] {
  const own = node.type === 'element' ? [node] : []
  return 'children' in node ? [...own, ...node.children.flatMap(elementsIn)] : own
}

function dangersOf({ tagName, properties, children }: Element): string[] {
  const found: string[] = []
  if (!ELEMENTS.includes(tagName)) found.push(`element ${tagName}`)
  for (const [name, value] of Object.entries(properties)) {
    if (!ATTRIBUTES.includes(name)) found.push(`attribute ${name}`)
    if (name === 'href' || name === 'src') found.push(...dangersOfAddress(name, String(value)))
    if (name === 'id' && !String(value).startsWith('user-content-')) found.push(`id ${value}`)
    if (name === 'className' && !(value as string[]).every((one) => CLASS.test(one)))
      found.push(`class ${value}`)
  }
  if (tagName === 'input' && (properties.type !== 'checkbox' || properties.disabled !== true))
    found.push('input')
  if (tagName === 'a' && children.some((child) => elementsIn(child).some((inner) => inner.tagName === 'a'))) {
    found.push('link in a link')
  }
  if (
    tagName === 'a' &&
    /^https?:/i.test(String(properties.href)) &&
    String(properties.rel) !== 'nofollow,noopener,noreferrer'
  ) {
    found.push(`rel ${properties.rel}`)
  }
  return found
}

function dangersOfAddress(name: string, address: string): string[] {
  const url = parsedUrl(address, BASE)
  if (url === undefined) return []
  const { protocol, hostname, pathname } = url
  const isHere = hostname === '127.0.0.1' && pathname.startsWith('/reader/') && !/^\s*https?:/i.test(address)
  const isPublic =
    /^https?:$/.test(protocol) && hostname.includes('.') && !/^(?:127|10|192\.168|169\.254)\./.test(hostname)
  const isOther = name === 'href' && (protocol === 'mailto:' || protocol === 'sheaf:')
  return isHere || isPublic || isOther ? [] : [`${name} ${address}`]
}

function plain(node: Nodes): unknown {
  if (node.type === 'text') return node.value
  if (!('children' in node)) return node.type
  const children: unknown[] = []
  for (const child of node.children.map(plain)) {
    if (typeof child === 'string' && typeof children.at(-1) === 'string')
      children.push(children.pop() + child)
    else if (child !== '') children.push(child)
  }
  if (node.type !== 'element') return children
  const properties = Object.entries(node.properties)
    .filter(([, value]) => value !== false && value !== null && value !== undefined)
    .map(([name, value]) => [name, value === true ? '' : String(value)])
    .sort(([a], [b]) => (a! < b! ? -1 : 1))
  return [node.tagName, properties, children]
}
