/** Pages that want to run something in a reader's browser, to call home from it, or to lead it to a service behind it. */
import test from 'brittle'
import fc from 'fast-check'
import { linksIn } from '../../../src/content/links.ts'
import { htmlDocument, plainHtml } from '../../../src/content/render/plain.ts'
import { type RenderOptions, renderMarkdown, safeTree } from '../../../src/content/render/render.ts'
import { refusal } from '../../helpers/bytes.ts'
import { oddMarkdown } from '../../helpers/markdown.ts'
import { dangers, parsedText, treeText } from '../../helpers/safe-html.ts'
import { parameters } from '../../helpers/seed.ts'

const FILE: RenderOptions = { page: undefined, pagePrefix: 'sheaf:', images: 'linked', relative: 'below' }
const PAGE: RenderOptions = {
  ...FILE,
  page: { space: { type: 'entity', id: new Uint8Array(32).fill(7) }, path: 'garden/bees' },
}
const SHOWN: RenderOptions = { ...FILE, images: 'shown' }

/** By class; each line is a page. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'elements that run or load': [
    '<script>alert(1)</script>',
    '<SCRIPT SRC=//x.example/a.js></SCRIPT>',
    '<scr<script>ipt>alert(1)</scr</script>ipt>',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<object data="data:text/html,x"></object><embed src=x>',
    '<link rel=stylesheet href=//x.example><meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<base href="//x.example/"><form action=//x.example><button>a</button></form>',
    '<svg><script>alert(1)</script></svg>',
    '<svg/onload=alert(1)>',
    '<svg><animate xlink:href=#a attributeName=href values=javascript:alert(1) /><a id=a><text>x</text></a></svg>',
    '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '<template><script>alert(1)</script></template><noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>',
    '<marquee onstart=alert(1)>a</marquee><details open ontoggle=alert(1)>',
    '# <script>alert(1)</script>',
    '> - <script>\n> alert(1)\n> </script>',
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    '<![CDATA[<script>alert(1)</script>]]><?php echo 1 ?>',
    '<plaintext>\n\n<xmp>\n\n<listing>',
  ],
  'attributes that are handlers or styles': [
    '<b onmouseover=alert(1)>a</b>',
    '<img """><script>alert(1)</script>">',
    '<img src=x onerror="&#0000106&#0000097&#0000118">',
    '<p style="background:url(javascript:alert(1))">a</p>',
    '<div style="width:expression(alert(1))">',
    '<style>@import "//x.example";*{background:url(//x.example)}</style>',
    '[a](https://x.example "\\" onmouseover=alert(1) x=\\"")',
    '[a](https://x.example \'" onmouseover="alert(1)\')',
    '![a" onerror="alert(1)](https://x.example/a.png)',
    '![a](https://x.example/a.png"onerror="alert(1))',
    '[a]: https://x.example "t\\" onclick=\\"alert(1)"\n\n[a]',
    '[x](https://x.example/"onclick="alert(1))',
    '```js" onclick="alert(1)\na\n```',
    '```js style=x class=y\na\n```',
    '``` "><script>alert(1)</script>\na\n```',
    '[^"onclick=alert(1)]\n\n[^"onclick=alert(1)]: a',
    '[[a|" onclick="alert(1)]] [[" onclick="alert(1)]] [[#" onclick="alert(1)]]',
    '1000000000) a\n',
    '| a |\n|:-:" onclick=x|\n',
  ],
  'schemes in links': [
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:alert(1))',
    '[a](<javascript:alert(1)>)',
    '[a](&#106;avascript:alert(1))',
    '[a](&#x6A&#x61;vascript:alert(1))',
    '[a](javascript&colon;alert(1))',
    '[a](javascript&#58;alert(1))',
    '[a](java&Tab;script:alert(1))',
    '[a](java&NewLine;script&colon;alert(1))',
    '[a](<java\tscript:alert(1)>)',
    '[a](&#1;javascript:alert(1))',
    '[a](\u0001javascript:alert(1))',
    '[a](\u00a0javascript:alert(1)) [a](\u2028javascript:alert(1)) [a](\ufeffjavascript:alert(1))',
    '[a](\\javascript:alert(1))',
    '[a](javascript\\:alert(1))',
    '[a](java\\\nscript:alert(1))',
    '[a](javascript://x.example/%0aalert(1))',
    '[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
    '[a](vbscript:msgbox(1)) [a](livescript:x) [a](mocha:x) [a](jar:x!/y)',
    '[a](file:///etc/passwd) [a](view-source:x) [a](blob:x) [a](filesystem:x) [a](about:blank)',
    '[a][b]\n\n[b]: javascript:alert(1)',
    '[b]\n\n[b]: <javascript:alert(1)> "t"',
    '[b][]\n\n[B]:\n   javascript:alert(1)',
    '<javascript:alert(1)> <JAVASCRIPT:alert(1)> <data:text/html,x>',
    '![a](javascript:alert(1)) ![a](data:image/svg+xml,<svg onload=alert(1)>)',
    '![a][b]\n\n[b]: javascript:alert(1)',
    '[![a](javascript:alert(1))](javascript:alert(2))',
    '[[javascript:alert(1)]] [[javascript:alert(1)|a]] [[#javascript:alert(1)]] ![[javascript:alert(1)]]',
    '[[@javascript:alert(1)/a]] [[./javascript:alert(1)]] [[data:text/html,x]]',
    '[^1]: [a](javascript:alert(1))\n\n[^1]',
    '| [a](javascript:alert(1)) |\n|---|\n| <javascript:x> |',
    '# [a](javascript:alert(1))',
    '[a](%6aavascript:alert(1)) [a](%0Ajavascript:alert(1)) [a](x:y/../javascript:alert(1))',
    '[a](foo\\):javascript) [a](1a:b) [a](:javascript:alert(1)) [a](?javascript:x) [a](./javascript:x)',
  ],
  'hosts that are no business of a page': [
    '[a](http://127.0.0.1/) [a](http://localhost:8080) [a](http://[::1]/) [a](http://0/) [a](http://2130706433/)',
    '[a](http://0x7f.1/) [a](http://192.168.0.1/reboot) [a](http://10.0.0.1) [a](http://169.254.169.254/latest)',
    '[a](//127.0.0.1/) [a](//x.example/) [a](\\\\\\\\x.example/) [a](/\\x.example/) [a](///x.example)',
    '[a](http:127.0.0.1) [a](http:/127.0.0.1) [a](http:\\\\127.0.0.1) [a](https://x.example@127.0.0.1/)',
    '[a](/v1/stop) [a](../../v1/stop) [a](..%2f..%2fv1/stop) [a](..\\\\..\\\\v1) [a](.%2e/x)',
    '![a](http://127.0.0.1/a.png) ![a](http://192.168.0.1/a.png) ![a](//x.example/a.png) ![a](/v1/stop)',
    '<http://127.0.0.1/> http://127.0.0.1/ www.localhost http://localhost',
    '[[../../../v1/stop]] [[/v1/stop]] [[..]] [[//x.example/a]] [[\\\\\\\\x.example]]',
    '[a](http://127。0。0。1/) [a](http://①②⑦.0.0.1/) [a](http://%31%32%37.0.0.1/)',
    '[a](http://127.0.0.1\u00ad/) [a](ht\ttp://127.0.0.1/) [a](< http://127.0.0.1/>)',
  ],
  'what calls home': [
    '![a](https://x.example/a.png)',
    '![a][b]\n\n[b]: https://x.example/a.png',
    '[![a](https://x.example/a.png)](https://x.example)',
    '<img src=https://x.example/a.png><img srcset="https://x.example/a.png 2x">',
    '<link rel=prefetch href=https://x.example><body background=https://x.example>',
    '![[https://x.example/a.png]]',
  ],
  'names that stand for variables': [
    '# document\n\n# location\n\n# cookie\n\n# constructor\n\n# __proto__',
    '<a id=defaultView name=defaultView>x</a><form id=test><input name=attributes>',
    '[^toString]: a\n\n[^__proto__] [^toString] [^constructor]\n\n[^__proto__]: b\n[^constructor]: c',
    '# footnote-label\n\n[^1]\n\n[^1]: a',
    '# note:fn-1\n\n[^1]\n\n[^1]: a',
    '[__proto__]: https://x.example\n\n[__proto__] [constructor] [toString]',
    '[[__proto__]] [[constructor]] [[#__proto__]]',
  ],
  'what a parser may read otherwise': [
    '`<script>alert(1)</script>` ``</code><script>alert(1)</script>``',
    '```\n</code></pre><script>alert(1)</script>\n```',
    '\n    \n    </pre><script>\n',
    '&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;',
    '&amp;lt;script&amp;gt; &amp;#60;script>',
    '&#0;&#x80;&#xD800;&#x110000;&#13;&#10;&NotEqualTilde;',
    'a\u0000b `a\u0000b` [a\u0000](b\u0000c "d\u0000") \u0000[[a\u0000b]]',
    '```\n\n\na\n```',
    '[a](b "c&#13;d&#10;e&NewLine;f") ![a&#13;b](c)',
    '`a\u2028b` \u2029 \ufeff <\u00adscript>',
    '*a **b *c **d [e *f](g) h* i** j',
    '| <table> | </td></tr></table><script> |\n|---|---|\n| </tbody> | <tr> |',
    '[a [b](c) d](e) [f ![g [h](i)](j) k](l) [[[m]]](n) [o [[p]] q](r)',
    '[www.x.example](https://y.example) [a@b.example](c) <https://x.example/<b>>',
    '[<a@b.example>](c) [*d <https://e.example>*][f] [g[^1]](h)\n\n[f]: https://f.example\n\n[^1]: [<i@j.example>](k)',
    '- [ ] <input type=text autofocus onfocus=alert(1)>\n- [x] a',
    'a<br>b<wbr/><hr/>\\\n<p><p><p>',
  ],
}

/** What is dangerous in a page, in whichever way it is shown; and whether a parser sees the tree that was meant. */
function complaints(markdown: string): string[] {
  return [FILE, PAGE, SHOWN].flatMap((options) => {
    const { html } = renderMarkdown(markdown, options)
    const { tree } = safeTree(markdown, linksIn(markdown), options)
    const images =
      options.images === 'linked' && html.includes('<img') ? ['an image that was not asked for'] : []
    const other = parsedText(html) === treeText(tree) ? [] : ['another tree']
    return [...dangers(html), ...images, ...other]
  })
}

for (const [name, pages] of Object.entries(CASES)) {
  test(`hostile pages - ${name}`, (t) => {
    for (const page of pages) t.alike(complaints(page), [], JSON.stringify(page))
  })
}

test('hostile pages - the check sees what is dangerous', (t) => {
  const bad = [
    '<script>',
    '<p onclick=a>',
    '<p style=a>',
    '<a href=javascript:a rel="nofollow noopener noreferrer">',
    '<a href="/v1/stop">',
    '<a href="http://localhost/">',
    '<p id=a>',
    '<h1 class=a>',
    '<input type=text disabled>',
    '<img src="http://192.168.0.1/">',
    '<svg>',
    '<a href="https://x.example">',
  ]
  for (const html of bad) t.ok(dangers(html).length > 0, html)
  t.alike(dangers('<p>a <a href="https://x.example" rel="nofollow noopener noreferrer">b</a></p>'), [])
  t.not(parsedText('<p>a<p>b</p></p>'), parsedText('<p>a</p><p>b</p>'))
})

test('hostile pages - all that is hostile beside each other, and within each other', (t) => {
  const pieces = fc.constantFrom(...Object.values(CASES).flat())
  const frames = fc.constantFrom(
    'X',
    '*X*',
    '[X](https://x.example)',
    '> X',
    '- X',
    '# X',
    '| X |\n|---|\n| X |',
    '[^1]: X\n\n[^1]',
    '![X](a.png)',
    '`X`',
    '[[a|X]]',
    '<b>X</b>',
    '~~X~~',
  )
  const page = fc
    .array(fc.tuple(frames, pieces), { minLength: 1, maxLength: 3 })
    .map((some) => some.map(([frame, piece]) => frame.replaceAll('X', () => piece)).join('\n\n'))
  fc.assert(
    fc.property(fc.oneof(page, oddMarkdown), (markdown) => complaints(markdown).length === 0),
    parameters({ numRuns: 150 }),
  )
  t.pass()
})

test('hostile pages - a page cut anywhere is safe as well, and so is any text', (t) => {
  const cut = fc
    .tuple(fc.constantFrom(...Object.values(CASES).flat()), fc.nat(200), fc.nat(200))
    .map(([page, from, to]) => page.slice(from % page.length, (to % page.length) + 1))
  const any = fc.uint16Array({ maxLength: 80 }).map((units) => String.fromCharCode(...units))
  fc.assert(
    fc.property(
      fc.oneof(cut, any, fc.string({ maxLength: 80 })),
      (markdown) => complaints(markdown.toWellFormed()).length === 0,
    ),
    parameters({ numRuns: 300 }),
  )
  t.pass()
})

test('hostile pages - text that is shown as it is, is that text', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('\n</code></pre><script>', '\r\n&lt;', '\n\na')),
      (text) => {
        const html = plainHtml(text)
        return (
          dangers(html).length === 0 &&
          parsedText(html) ===
            JSON.stringify([
              ['pre', [], [['code', [], text === '' ? [] : [text.replaceAll('\0', '\ufffd')]]]],
            ])
        )
      },
    ),
    parameters({ numRuns: 300 }),
  )
  const page = htmlDocument({
    title: '</title><script>',
    html: '',
    toc: [1, 2, 3].map((depth) => ({ depth, text: '</a><script>', id: '"><script>' })),
    images: 'linked',
  })
  t.absent(page.includes('<script'))
})

test('hostile pages - deep nesting of any kind is rendered or refused with a code', (t) => {
  const deep: ((n: number) => string)[] = [
    (n) => '> '.repeat(n),
    (n) => `${'- '.repeat(n)}a`,
    (n) => Array.from({ length: n }, (_, i) => `${' '.repeat(2 * i)}- a`).join('\n'),
    (n) => Array.from({ length: n }, (_, i) => `${'    '.repeat(i)}1. a`).join('\n'),
    (n) => '*a **b '.repeat(n) + '** *'.repeat(n),
    (n) => `${'*'.repeat(n)}a${'*'.repeat(n)}`,
    (n) => '~~a '.repeat(n) + '~~'.repeat(n),
    (n) => `${'['.repeat(n)}a${']'.repeat(n)}`,
    (n) => `${'['.repeat(n)}a${'](b)'.repeat(n)}`,
    (n) => `${'!['.repeat(n)}a${'](b)'.repeat(n)}`,
    (n) => `|${'a|'.repeat(n)}\n|${'-|'.repeat(n)}\n${'|'.repeat(n)}`,
    (n) => Array.from({ length: n }, (_, i) => `${'    '.repeat(i)}[^${i}]: a[^${i}]`).join('\n\n'),
    (n) => '`'.repeat(n) + 'a ` `` '.repeat(n),
    (n) => '<'.repeat(n) + '<a:'.repeat(n),
    (n) => '[[a'.repeat(n) + ']]'.repeat(n),
    (n) => '&'.repeat(n) + '&#'.repeat(n),
    (n) => '\\'.repeat(n),
    (n) => 'http://a.'.repeat(n) + 'www.'.repeat(n),
  ]
  for (const [i, page] of deep.entries()) {
    for (const n of [40, 200]) {
      let html = ''
      const code = refusal(() => {
        html = renderMarkdown(page(n), FILE).html
      })
      t.ok(code === undefined || code === 'TOO_LARGE', `${i} at ${n}`)
      t.alike(dangers(html), [], `${i} at ${n}`)
    }
  }
})
