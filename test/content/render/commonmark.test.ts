/**
 * The examples of CommonMark 0.31.2 render as its authors say, but for those that are listed with the
 * reason. An example that deviates without being listed fails, and so does a listed one that does not.
 */
import test from 'brittle'
import * as spec from 'commonmark-spec'
import type { Nodes } from 'hast'
import { fromHtml } from 'hast-util-from-html'
import { renderMarkdown } from '../../../src/content/render/render.ts'

const DEVIATIONS: readonly { why: string; examples: readonly (number | [from: number, to: number])[] }[] = [
  {
    why: 'raw HTML is text: < is a character, and what stands behind it markdown',
    examples: [
      21,
      31,
      [148, 191],
      201,
      308,
      309,
      344,
      [475, 477],
      491,
      494,
      524,
      536,
      [613, 617],
      623,
      [625, 631],
      642,
      643,
    ],
  },
  { why: 'only http, https and mailto are linked', examples: [596, 598, 599, 601] },
  { why: 'a host without a name is none', examples: [600] },
  { why: 'a scheme is written in small letters', examples: [597] },
  { why: 'ids, and what leads to them, have a prefix', examples: [501] },
  { why: 'a path with a colon begins with ./', examples: [500] },
  { why: 'wiki links come first', examples: [548, 559, 590] },
  { why: 'GFM links bare addresses', examples: [602, 606, 608, 611, 612] },
]

/** What the renderer adds to what the specification asks for: anchors, and what protects those who follow a link. */
const ADDED = ['id', 'rel', 'loading', 'referrerPolicy']

const expected = new Set(
  DEVIATIONS.flatMap(({ examples }) => examples).flatMap((one) =>
    typeof one === 'number' ? [one] : Array.from({ length: one[1] - one[0] + 1 }, (_, i) => one[0] + i),
  ),
)
const examples = spec.tests.map(({ markdown, html, number }) => ({
  number,
  markdown: markdown.replaceAll('→', '\t'),
  html: html.replaceAll('→', '\t'),
}))

test('commonmark - the examples render as specified, but for the deviations that are listed', (t) => {
  const deviating = examples.filter(({ markdown, html }) => shape(html) !== shape(rendered(markdown)))
  const numbers = deviating.map(({ number }) => number)
  t.is(examples.length, 652)
  t.alike(
    numbers.filter((number) => !expected.has(number)),
    [],
    'deviate without a reason',
  )
  t.alike(
    [...expected].filter((number) => !numbers.includes(number)),
    [],
    'are listed and do not deviate',
  )
})

test('commonmark - the comparison sees a difference', (t) => {
  t.not(shape('<p>a</p>'), shape('<p>b</p>'))
  t.not(shape('<p>a</p>'), shape('<p><em>a</em></p>'))
  t.not(shape('<a href="/a">b</a>'), shape('<a href="/b">b</a>'))
  t.not(shape('<p>a b</p>'), shape('<p>a  b</p>'))
})

function rendered(markdown: string): string {
  return renderMarkdown(markdown, { page: undefined, pagePrefix: 'sheaf:', images: 'shown', relative: 'any' })
    .html
}

/** The tree that a browser makes of it, without line ends between blocks and without what is added. */
function shape(html: string): string {
  return JSON.stringify(plain(fromHtml(html, { fragment: true })))
}

function plain(node: Nodes): unknown {
  if (node.type === 'text') return node.value
  if (!('children' in node)) return node.type
  const children = node.children.filter(
    (child) => child.type !== 'text' || !/^[ \t]*\n\s*$/.test(child.value),
  )
  const properties = node.type === 'element' ? Object.entries(node.properties) : []
  return [
    node.type === 'element' ? node.tagName : node.type,
    properties.filter(([name]) => !ADDED.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
    children.map(plain),
  ]
}
