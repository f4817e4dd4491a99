import test from 'brittle'
import fc from 'fast-check'
import { visit } from 'unist-util-visit'
import { LINK_UNITS_MAX, LINKS_MAX, linksIn, resolveLink, type WikiLink } from '../../src/content/links.ts'
import { parseMarkdown } from '../../src/content/render/parse.ts'
import { type Page, pageToText, type Space, spaceToText } from '../../src/content/space.ts'
import { oddMarkdown } from '../helpers/markdown.ts'
import { parameters } from '../helpers/seed.ts'

const space = (type: Space['type'], fill: number): Space => ({ type, id: new Uint8Array(32).fill(fill) })
const MINE = space('entity', 1)
const GROUP = space('group', 2)
const PAGE: Page = { space: MINE, path: 'garden/animals/bees' }

/** What a text's links name. */
const named = (markdown: string) =>
  linksIn(markdown).map(({ target, section, shown, isEmbed }) =>
    [isEmbed ? '!' : '', target, section && `#${section}`, shown && `|${shown}`].filter(Boolean).join(''),
  )
const first = (markdown: string): WikiLink => linksIn(markdown)[0]!
const resolved = (markdown: string, names?: (name: string) => Space | undefined) => {
  const found = resolveLink(first(markdown), PAGE, names)
  return found && [pageToText(found.page), found.section]
}

test('links - a page, a section and words to show', (t) => {
  t.alike(named('see [[garden/bees]] and [[ bees # In winter | the bees ]].'), [
    'garden/bees',
    'bees#In winter|the bees',
  ])
  t.alike(named('[[#Winter]] ![[a.png]] [[a|b|c]] [[a#b#c]]'), ['#Winter', '!a.png', 'a|b|c', 'a#b#c'])
  t.alike(named('[[C\\#]] [[a\\]b]] [[a\\\\b]] [[a\\b]]'), ['C#', 'a]b', 'a\\b', 'a\\b'])
  t.alike(named('[[a|\\#]] [[a#b\\#c]]'), ['a|#', 'a#b#c'])
  t.alike(named('[[e\u0301]]'), ['\u00e9'], 'as the path of a page is written')
})

test('links - what names nothing is none', (t) => {
  t.alike(named('[[]] [[ ]] [[|a]] [[#]] [[a] [a]] [[a\nb]] [[a[b]] [[a]b]] [[a\\]] [[a\tb]]'), [])
  t.is(linksIn(`[[${'a'.repeat(LINK_UNITS_MAX)}]]`).length, 1)
  t.is(linksIn(`[[${'a'.repeat(LINK_UNITS_MAX + 1)}]]`).length, 0)
})

test('links - what is escaped, in code, in an address or in the text of an image is none', (t) => {
  t.alike(named('\\[[a]] [\\[a]] `[[b]]` `` ` [[c]] ``'), [])
  t.alike(named('\\\\[[a]] \\`[[b]]` ` [[c]]'), ['a', 'b', 'c'], 'an escaped backtick opens none')
  t.alike(named('```\n[[a]]\n```\n\n    [[b]]\n\n- c\n\n      [[d]]'), [])
  t.alike(named('[t]([[a]]) [t](u "[[b]]") ![c [[c]]](u) <http://d/[[d]]> http://e/[[e]] [[f]]'), ['f'])
  t.alike(named('[x]: [[a]]\n[y]: u "[[b]]"\n\n[[c]]: d'), ['c'])
})

test('links - they stand wherever text does', (t) => {
  const text =
    '# [[a]]\n\n- *[[b]]*\n  - [ ] [[c]]\n\n    [[d]]\n\n> [[e]]\n\n| [[f]] |\n|---|\n| [[g\\|G]] |\n\n[^1]: [[h]]\n'
  t.alike(named(text), ['a', 'b', 'c', 'd', 'e', 'f', 'g|G', 'h'])
  t.alike(named('[[[a]]] ([[b]]) "[[c]]" [[d]][[e]] [[f]](g)'), ['a', 'b', 'c', 'd', 'e', 'f'])
  t.alike(
    linksIn('> - [[a]]\n>   [[b]]').map(({ from, to }) => [from, to]),
    [
      [4, 9],
      [14, 19],
    ],
  )
})

test('links - a path begins at the root of the space, or at the folder of the page where it says so', (t) => {
  t.alike(resolved('[[bees]]'), [`${spaceToText(MINE)}/bees`, undefined])
  t.alike(resolved('[[./ants#Nest]]'), [`${spaceToText(MINE)}/garden/animals/ants`, 'Nest'])
  t.alike(resolved('[[../../tools]]'), [`${spaceToText(MINE)}/tools`, undefined])
  t.alike(resolved('[[#Winter]]'), [pageToText(PAGE), 'Winter'])
  for (const none of [
    '[[../../../a]]',
    '[[/a]]',
    '[[a/]]',
    '[[a/../b]]',
    '[[./]]',
    '[[..]]',
    '[[a\u202eb]]',
  ]) {
    t.is(resolved(none), undefined, none)
  }
})

test('links - a page of another space is named by its id, or by a name that the reader knows', (t) => {
  const names = (name: string) => (name === '@ann' ? GROUP : undefined)
  t.alike(resolved(`[[${spaceToText(GROUP)}/a/b#c]]`), [`${spaceToText(GROUP)}/a/b`, 'c'])
  t.alike(resolved('[[@ann/a]]', names), [`${spaceToText(GROUP)}/a`, undefined])
  for (const none of [
    '[[@ann/a]]',
    `[[${spaceToText(GROUP)}]]`,
    `[[${spaceToText(GROUP)}/]]`,
    '[[@/a]]',
    '[[@me]]',
  ]) {
    t.is(resolved(none), undefined, none)
  }
})

test('links - the tree has the links that the list has, in any text', (t) => {
  fc.assert(
    fc.property(oddMarkdown, (markdown) => {
      const listed = linksIn(markdown)
      const inTree: WikiLink[] = []
      visit(parseMarkdown(markdown, listed), 'wikiLink', ({ link }) => {
        inTree.push(link)
      })
      const sorted = inTree.sort((a, b) => a.from - b.from)
      return sorted.length === listed.length && sorted.every((link, i) => link === listed[i])
    }),
    parameters({ numRuns: 400 }),
  )
  t.pass()
})

test('links - each is where it says, and reads the same alone', (t) => {
  fc.assert(
    fc.property(oddMarkdown, (markdown) =>
      linksIn(markdown).every((link) => {
        const alone = first(markdown.slice(link.from, link.to))
        return JSON.stringify(alone) === JSON.stringify({ ...link, from: 0, to: link.to - link.from })
      }),
    ),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})

test('links - any text is read, and a page has so many links at most', (t) => {
  fc.assert(
    fc.property(fc.uint16Array({ maxLength: 200 }), (units) =>
      Array.isArray(linksIn(`[[${String.fromCharCode(...units)}`)),
    ),
    parameters({ numRuns: 300 }),
  )
  t.is(linksIn('[[a]] '.repeat(LINKS_MAX + 10)).length, LINKS_MAX)
})

test('links - a megabyte of openings ends like one of text', (t) => {
  const units = [
    '[[',
    '[[a',
    '](',
    '](a "',
    ']:',
    '`',
    '`a``',
    '![',
    '<a:',
    '- ',
    '> ',
    '[^a]: ',
    'www.',
    '[[a|',
    '\n',
    '|[[a]]',
    '\n-|-\n',
  ]
  for (const unit of units) {
    const text = `x\n|-|\n${unit.repeat(2 ** 20 / unit.length)}`
    t.ok(linksIn(text).length <= LINKS_MAX, JSON.stringify(unit))
  }
})
