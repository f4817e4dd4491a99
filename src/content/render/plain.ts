/** What needs none of the libraries: any text as HTML, and a page around a fragment. */
import { sha256 } from '../../base/hash.ts'
import type { Heading } from './headings.ts'

export interface DocumentOptions {
  title: string
  /** What `renderMarkdown` gave. */
  html: string
  toc: readonly Heading[]
  images: 'linked' | 'shown'
}

/** What the address of a page begins with where nothing serves pages: it says which page, and no program takes it. */
export const PAGE_SCHEME = 'sheaf:'

/** Legible by day and by night, in scripts of either direction, and nothing that has to be loaded. */
const STYLE = [
  ':root{color-scheme:light dark}',
  'body{margin:2rem auto;max-width:44rem;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:break-word}',
  'h1,h2,h3,h4,h5,h6,p,li,td,th{unicode-bidi:plaintext}h1,h2,h3,h4,h5,h6,p{text-align:start}li{text-align:left}:dir(rtl)>li{text-align:right}',
  'pre{direction:ltr;text-align:left;overflow:auto;padding:.5rem;background:#8882}blockquote{margin-inline:0;padding-inline:1rem;border-inline-start:3px solid #8886}',
  'table{display:block;overflow:auto;border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem .5rem}img{max-width:100%}',
  '.task-list-item{list-style:none}.footnotes{margin-top:2rem;border-top:1px solid #8886;font-size:.9rem}',
  '.broken,.refused{text-decoration:underline dotted}.image::before{content:"\\25a3\\a0"}',
  '.sr-only{position:absolute;clip-path:inset(50%)}nav ul{list-style:none;padding:0}',
  ...[2, 3, 4, 5, 6].map((depth) => `.in-${depth}{padding-inline-start:${depth - 1}rem}`),
].join('')
/** A table of contents of fewer headings says what one sees anyway. */
const TOC_FROM = 3

/** Any text as HTML that shows it as it is: what is left where it cannot be rendered. */
export function plainHtml(text: string): string {
  // the inner element keeps the line end that a browser drops right behind <pre>
  return `<pre><code>${escaped(text)}</code></pre>`
}

/**
 * A whole page of its own. Its policy lets a browser load nothing but, where they were asked for, images;
 * nor look up the names of the hosts that it links to before somebody follows a link.
 */
export function htmlDocument({ title, html, toc, images }: DocumentOptions): string {
  const styleHash = Buffer.from(sha256(Buffer.from(STYLE))).toString('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    ...(images === 'shown' ? ['img-src http: https: file:'] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ]
  return [
    '<!doctype html>',
    '<html><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">`,
    '<meta name="referrer" content="no-referrer"><meta http-equiv="x-dns-prefetch-control" content="off">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head>`,
    `<body>${toc.length < TOC_FROM ? '' : tocHtml(toc)}`,
    `<main dir="auto">${html}</main>`,
    '</body></html>\n',
  ].join('\n')
}

function tocHtml(toc: readonly Heading[]): string {
  const items = toc.map(
    ({ depth, id, text }) => `<li class="in-${depth}"><a href="#${escaped(id)}">${escaped(text)}</a></li>`,
  )
  return `<nav dir="auto"><ul>${items.join('')}</ul></nav>`
}

function escaped(text: string): string {
  // a text may be a million of these: taking it apart is ten times as fast as replacing them
  return ESCAPED.reduce((safe, [character, as]) => safe.split(character).join(as), text)
}

/** The ampersand first: it is in the others. */
const ESCAPED: readonly (readonly [string, string])[] = [
  ['&', '&#38;'],
  ['<', '&#60;'],
  ['>', '&#62;'],
  ['"', '&#34;'],
  ['\r', '&#13;'],
  ['\0', '\ufffd'],
]
