/** Markdown as nobody writes it: marks of all kinds beside each other, so that every two of them meet. */
import fc from 'fast-check'

const LINKS = ['[[a]]', '[[b|c]]', '[[d#e]]', '![[f]]', '[[g\\|h]]']

const ATOMS = [
  'a,foo ,\\,\\|,[,],(,),![,](,](x),[x](y),[x]: /y,[x]:,[^n]: ,[^n],",\',<,>,<b>,</b>,<!--,-->,<http://a.b>,<a@b.c>'.split(
    ',',
  ),
  'http://a.b/,www.a.b/,https://x,*,**,_,~~,!,^,&amp;,[ ] ,<pre>,`,``,`a`,```,````,~~~,---,===,***,|,:-,--|--,|--|'.split(
    ',',
  ),
  [
    ' ',
    '  ',
    '   ',
    '    ',
    '\t',
    '\n',
    '\n',
    '\n',
    '\n\n',
    '> ',
    '>',
    '- ',
    '-',
    '* ',
    '+ ',
    '1. ',
    '2. ',
    '1) ',
    '# ',
    '<div>\n',
  ],
  ['| a | b |', '|---|---|', ...LINKS, ...LINKS, ...LINKS],
].flat()

const INDENTS = ['', '', '', ' ', '  ', '   ', '    ', '      ', '\t', '        ']
const MARKERS =
  ',,,> ,>,- ,* ,1. ,2. ,-   ,-\t,10. ,[^n]: ,# ,```,~~~,    ,- - ,> - ,-,>> ,---,| ,[x]: ,[x]: /u,===,> ```,- ```,|--|--,--|--'.split(
    ',',
  )
const TEXTS = [
  'foo,[[a]],x [[b|c]] y,`[[a]]`,` [[a]],[[a]] `,a | [[b]] | c,[[a|b]] | `,[t]([[a]]),[t](u "[[a]]"),![[[a]]](u)'.split(
    ',',
  ),
  '![x [[a]] y](u),<http://a/[[b]]>,http://a/[[b]],[x]: [[a]],"[[a]]",# [[a]],*[[a]]*,[ ] [[a]],``,[foo [[a]] bar](u)'.split(
    ',',
  ),
  '[foo]: /x "t,[[a]]",\\[[a]],\\\\[[a]],[[a],[[[a]]],[[a]]],a@b.c/[[d]],www.x.y/`[[a]]`,[^n] [[a]],'.split(
    ',',
  ),
].flat()

const one = (from: readonly string[]) => fc.constantFrom(...from)

const line = fc
  .tuple(
    one(INDENTS),
    one(MARKERS),
    one([...INDENTS, ...MARKERS]),
    one([...TEXTS, ...ATOMS]),
    one(['\n', '\n', '\n\n']),
  )
  .map((parts) => parts.join(''))

/** Lines with marks before them, and marks without any order. */
export const oddMarkdown: fc.Arbitrary<string> = fc.oneof(
  fc.array(line, { maxLength: 8 }).map((lines) => lines.join('')),
  fc.array(one(ATOMS), { maxLength: 16 }).map((atoms) => atoms.join('')),
)
