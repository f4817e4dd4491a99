/** The steps between the tree of the markdown and that of the HTML: wiki links, addresses, images. */
import type { Element, ElementContent, Parents, Properties, Root } from 'hast'
import type { Parents as MarkdownParents, Root as MarkdownRoot } from 'mdast'
import type { Options as RehypeOptions } from 'remark-rehype'
import { visit } from 'unist-util-visit'
import { readAddress } from './addresses.ts'
import type { WikiLinkNode } from './parse.ts'
import { type PlaceOptions, pictureAddress, relativeAddress, wikiAddress } from './places.ts'
import { CLASSES, ID_PREFIX } from './schema.ts'

export interface LinkOptions extends PlaceOptions {
  /** Whether images are shown, which tells the host they come from, or stand there as links. */
  images: 'linked' | 'shown'
}

type Handlers = NonNullable<RehypeOptions['handlers']>
type Handler = NonNullable<Handlers[keyof Handlers]>

/** Who follows a link out tells nobody where it stood, and hands the page over to nobody. */
const REL = ['nofollow', 'noopener', 'noreferrer']

/** A link within the text of another: the inner one stays, as among links of markdown in brackets. */
export function unnestLinks(tree: MarkdownRoot): void {
  visit(tree, ['link', 'linkReference'], (node, index, parent) => {
    if (!('children' in node) || !hasLink(node)) return
    const siblings = (parent as MarkdownParents).children as unknown[]
    siblings.splice(index!, 1, ...node.children)
    return index!
  })
}

/** What becomes one: of markdown an address in angle brackets, and the number of a footnote. */
const LINKS: ReadonlySet<string> = new Set(['wikiLink', 'link', 'footnoteReference'])

function hasLink(parent: MarkdownParents): boolean {
  return parent.children.some((node) => LINKS.has(node.type) || ('children' in node && hasLink(node)))
}

/** How a wiki link becomes an element. */
export function wikiHandler(options: LinkOptions): Handler {
  return (_state, { link }: WikiLinkNode): Element => {
    const words = link.shown ?? [link.target, link.section].filter(Boolean).join(' § ')
    const children: ElementContent[] = [{ type: 'text', value: words }]
    const src = link.isEmbed ? pictureAddress(link, options) : undefined
    if (src !== undefined && options.images === 'shown')
      return { type: 'element', tagName: 'img', properties: { src, alt: words }, children: [] }
    const href = src ?? wikiAddress(link, options)
    if (href === undefined) {
      // whose name it is its writer knows, and not who reads it
      const title = /^[@%]/.test(link.target) ? 'no id of a space' : 'no page can have this name'
      const properties = { className: [CLASSES.broken], title }
      return { type: 'element', tagName: 'span', properties, children }
    }
    const properties = { className: [CLASSES.wiki], href }
    return { type: 'element', tagName: 'a', properties, children }
  }
}

/** Gives each address what it may be, and takes the link from those that may not; images become what was asked. */
export function safeAddresses(tree: Root, options: LinkOptions): void {
  replaceIn(tree, options, false)
}

function replaceIn(parent: Parents, options: LinkOptions, isInLink: boolean): void {
  for (const [i, child] of parent.children.entries()) {
    if (child.type !== 'element') continue
    if (child.tagName === 'img') parent.children[i] = safeImage(child, options, isInLink)
    else if (child.tagName === 'a' && !isWikiLink(child)) {
      const link = safeLink(child, String(child.properties.href ?? ''), options)
      parent.children[i] = link
      replaceIn(link, options, true)
    } else replaceIn(child, options, isInLink)
  }
}

/** Its address is ours. No markdown gives an element a class but what we gave it, and the language of code. */
function isWikiLink({ properties: { className } }: Element): boolean {
  return Array.isArray(className) && className.includes(CLASSES.wiki)
}

/** The element with the address that it may have, or a span that says why it has none. */
function safeLink(element: Element, url: string, options: PlaceOptions): Element {
  const { children } = element
  const address = safeAddress(url, options)
  if ('why' in address) return refused(url, address.why, children)
  const { href, rel } = address
  return { ...element, tagName: 'a', properties: { ...element.properties, href, ...(rel && { rel }) } }
}

function safeImage(element: Element, options: LinkOptions, isInLink: boolean): ElementContent {
  const { src, alt, title } = element.properties
  const url = String(src ?? '')
  const words: ElementContent = { type: 'text', value: String(alt || title || 'image') }
  const address = safeAddress(url, options)
  const isShown = options.images === 'shown' && !('why' in address) && address.isFile
  if (isShown) {
    const properties: Properties = { src: address.href, alt: alt ?? '' }
    if (title !== undefined) properties.title = title
    return {
      ...element,
      properties: { ...properties, ...(address.rel && { loading: 'lazy', referrerPolicy: 'no-referrer' }) },
    }
  }
  if (isInLink) return words
  const properties: Properties = { className: [CLASSES.image] }
  if (title !== undefined) properties.title = title
  return safeLink({ type: 'element', tagName: 'a', properties, children: [words] }, url, options)
}

function safeAddress(
  url: string,
  options: PlaceOptions,
): { href: string; rel?: string[]; isFile?: boolean } | { why: string } {
  const address = readAddress(url)
  switch (address.type) {
    case 'refused':
      return address
    case 'web':
    case 'mail':
      // in small letters, as the schema knows the schemes
      return {
        href: address.href.replace(/^[a-z]+:/i, (scheme) => scheme.toLowerCase()),
        rel: REL,
        isFile: address.type === 'web',
      }
    case 'fragment':
      return { href: url === '' ? '' : `#${address.id === '' ? '' : ID_PREFIX}${address.id}` }
    case 'relative': {
      const href = relativeAddress(url, address, options)
      if (href === undefined) return { why: 'a place outside of the pages' }
      return { href, isFile: options.page === undefined }
    }
  }
}

function refused(url: string, why: string, children: ElementContent[]): Element {
  const title = `not linked, ${why}: ${url}`
  return { type: 'element', tagName: 'span', properties: { className: [CLASSES.refused], title }, children }
}
