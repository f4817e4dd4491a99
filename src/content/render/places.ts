/** Where the links of a text lead: to addresses of pages, whatever shows them, or to files beside it. */
import { resolveLink, type WikiLink } from '../links.ts'
import { mediaTypeOf } from '../media-type.ts'
import { attachmentName, brokenRule, exportName } from '../path.ts'
import { type Page, pageToText } from '../space.ts'
import { type Address, isBelow, withoutEscapes } from './addresses.ts'
import { sectionId } from './headings.ts'
import { ID_PREFIX } from './schema.ts'

export interface PlaceOptions {
  /** The page that the text is of; undefined: a file, which stands where its space is exported to. */
  page: Page | undefined
  /** What the address of a page begins with: a scheme, or a path of a site. */
  pagePrefix: string
  /** Of a file without a page: whether an address may lead out of its folder. */
  relative: 'below' | 'any'
}

type RelativeAddress = Extract<Address, { type: 'relative' }>

/** `bees.md` beside a file is the page `bees` beside a page. */
const EXTENSION = /\.md$/
/** Stands for a file of no space; only its place at the root counts. */
const NOWHERE: Page = { space: { type: 'entity', id: new Uint8Array(32) }, path: 'page' }

/** The address of a wiki link; undefined where it names no page. */
export function wikiAddress(link: WikiLink, { page, pagePrefix }: PlaceOptions): string | undefined {
  const fragment = link.section === undefined ? '' : `#${encodeURIComponent(sectionId(link.section))}`
  if (link.target === '') return fragment
  const found = resolveLink(link, page ?? NOWHERE)?.page
  if (found === undefined) return undefined
  if (page === undefined && found.space === NOWHERE.space) return escaped(exportName(found.path)) + fragment
  return pagePrefix + escaped(pageToText(found)) + fragment
}

/** Of a file without a page, the picture beside it that `![[bee.png]]` means; undefined where its name is not that of one. */
export function pictureAddress(link: WikiLink, { page }: PlaceOptions): string | undefined {
  if (page !== undefined || !mediaTypeOf(link.target).startsWith('image/')) return undefined
  const found = resolveLink(link, NOWHERE)?.page
  return found?.space === NOWHERE.space ? escaped(attachmentName(found.path)) : undefined
}

/** The address of what stands beside the text; undefined where it may not be linked. */
export function relativeAddress(
  url: string,
  { path, search, fragment }: RelativeAddress,
  { page, pagePrefix, relative }: PlaceOptions,
): string | undefined {
  if (page === undefined) {
    if (relative === 'below' && !isBelow(path)) return undefined
    // so that nobody takes what stands before a colon for a scheme
    return /^[^/]*:/.test(url) ? `./${url}` : url
  }
  const segments = path.startsWith('/') ? [] : page.path.split('/').slice(0, -1)
  for (const name of withoutEscapes(path).replace(EXTENSION, '').split('/')) {
    if (name === '..' && segments.pop() === undefined) return undefined
    if (name !== '..' && name !== '.' && name !== '') segments.push(name)
  }
  const target = segments.join('/').normalize('NFC')
  if (search !== '' || brokenRule(target) !== undefined) return undefined
  const place = fragment === '' ? '' : `#${ID_PREFIX}${fragment}`
  return pagePrefix + escaped(pageToText({ space: page.space, path: target })) + place
}

function escaped(path: string): string {
  return path
    .split('/')
    .map((name) => encodeURIComponent(name).replace('%40', '@'))
    .join('/')
}
