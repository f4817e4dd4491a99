import test from 'brittle'
import fc from 'fast-check'
import { isBelow, readAddress } from '../../../src/content/render/addresses.ts'
import { parameters } from '../../helpers/seed.ts'
import { parsedUrl } from '../../helpers/url.ts'

/** As URL writes hosts. A name that only begins with these numbers, such as `127.0.0.1a`, is somebody's domain. */
const LOOPBACK = /^127\.[\d.]+$|(?:^|\.)localhost\.?$|^\[::1\]$/

const typeOf = (url: string) => readAddress(url).type

test('addresses - the web, mail, a place in the page and what lies beside it', (t) => {
  for (const url of [
    'https://example.org/a?b#c',
    'HTTP://EXAMPLE.ORG',
    'http://8.8.8.8:80/',
    'https://[2606:4700::1]/',
    'https://bücher.example/',
  ]) {
    t.is(typeOf(url), 'web', url)
  }
  t.is(typeOf('mailto:ann@example.org'), 'mail')
  t.is(typeOf('mailto:ann@example.org?subject=a%20b&Body=c'), 'mail')
  t.alike(readAddress('#winter'), { type: 'fragment', id: 'winter' })
  t.alike(readAddress('../bees.md?a#b'), {
    type: 'relative',
    path: '../bees.md',
    search: '?a',
    fragment: 'b',
  })
})

test('addresses - no other scheme, however it is written', (t) => {
  const schemes = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' \u0001javascript:alert(1)',
    'java\tscript:alert(1)',
    'java\r\nscript:alert(1)',
    'javascript\n:alert(1)',
    'vbscript:x',
    'data:text/html,<script>alert(1)</script>',
    'blob:https://example.org/1',
    'file:///etc/passwd',
    'ftp://example.org',
    'view-source:https://example.org',
    'intent://x#Intent;end',
    'ms-word:ofe|u|https://example.org',
    'sheaf:@me/a',
    'http:example.org',
    'https:\\\\example.org',
    'http://',
    '//example.org',
    '\\\\example.org',
    '/\\example.org',
    '\t//example.org',
  ]
  for (const url of schemes) t.is(typeOf(url), 'refused', JSON.stringify(url))
})

test('addresses - a letter begins with words, and with no file of the reader’s', (t) => {
  for (const url of [
    'mailto:a@b.example?attach=/etc/passwd',
    'mailto:a@b.example?subject=x&attachment=~/.ssh/id_rsa',
    'MAILTO:a@b.example?Att%61ch=/etc/passwd',
    'mailto:?a;attach=/etc/passwd',
    'mailto:a@b.example?subject=x&bcc=c@d.example',
    'mailto:a@b.example?sub\tject=x&insert=/etc/passwd',
    'mailto:a@b.example?x=y',
  ]) {
    t.is(typeOf(url), 'refused', url)
  }
})

test('addresses - none of the reader’s own machine or network, in any notation', (t) => {
  const hosts = [
    'localhost localhost. LOCALHOST:8080 a.localhost router printer.local nas.lan wiki.internal x.home.arpa',
    '127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 0 0.0.0.0 10.1.2.3 100.64.0.1',
    '169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255',
    '[::] [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [fe80::1] [fc00::1] [fd12::1] [ff02::1] [64:ff9b::7f00:1] [2002:7f00:1::]',
    '[2001::1] 127。0。0。1 ①②⑦.0.0.1 %31%32%37.0.0.1 %6cocalhost',
  ].flatMap((line) => line.split(' '))
  for (const host of hosts) {
    t.is(typeOf(`http://${host}/`), 'refused', host)
    t.is(typeOf(`https://${host}`), 'refused', host)
  }
  t.is(typeOf('https://www.example.org@127.0.0.1/'), 'refused')
  t.is(typeOf('https://www.bank.example:x@evil.example/'), 'refused', 'a name that looks like a host')
  for (const host of [
    '172.32.0.1',
    '172.15.0.1',
    '11.0.0.1',
    '126.255.255.255',
    '128.0.0.1',
    'localhost.example.org',
  ]) {
    t.is(typeOf(`http://${host}/`), 'web', host)
  }
})

test('addresses - a path below does not climb, in any notation', (t) => {
  for (const path of ['a', 'a/b.md', './a', 'a/../b', '', 'a%2f..%2fb']) t.ok(isBelow(path), path)
  for (const path of [
    '/a',
    '\\a',
    '..',
    '../a',
    'a/../../b',
    './../a',
    '%2e%2e/a',
    '..\\a',
    'a/..%2f..%2fb',
    '.%2e/a',
  ]) {
    t.absent(isBelow(path), path)
  }
})

test('addresses - a browser finds no other host or scheme in what passes', (t) => {
  const parts = fc.constantFrom(
    ...'http: https: / \\ // @ : localhost 127.0.0.1 example.org # ? javascript: \t \n %2f . .. [::1] a \u0001 \u00ad \u3002 mailto: data:'.split(
      ' ',
    ),
    ' ',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 8 }), (some) => {
      const url = some.join('')
      const address = readAddress(url)
      const bases = ['https://here.example/x/y', 'http://127.0.0.1:8080/x/y']
      if (address.type === 'refused') return true
      return bases.every((base) => {
        // what a browser cannot read leads nowhere
        const meant = parsedUrl(url, base)
        if (meant === undefined) return address.type === 'mail'
        if (address.type === 'web') return /^https?:$/.test(meant.protocol) && !LOOPBACK.test(meant.hostname)
        if (address.type === 'mail') return meant.protocol === 'mailto:'
        return meant.host === new URL(base).host
      })
    }),
    parameters({ numRuns: 3_000 }),
  )
  t.pass()
})
