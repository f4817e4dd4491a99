/**
 * Where a link in a page may lead: to the web, to a mail program, to a place in the page, to something beside
 * it. All other schemes, and services of the reader's own machine and network, are refused: their answer to
 * a page that is merely opened may already do harm. What a browser would understand is what counts, so
 * addresses are read as browsers read them (WHATWG URL), at whose hands `java\tscript:` is a scheme too.
 */

export type Address =
  /** Of another host, as it was written. */
  | { type: 'web' | 'mail'; href: string }
  /** A place in the page itself. */
  | { type: 'fragment'; id: string }
  /** Without scheme and host. */
  | { type: 'relative'; path: string; search: string; fragment: string }
  | { type: 'refused'; why: string }

/** Controls and spaces at the ends, tabs and line ends anywhere: browsers drop them before they read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is dropped
const DROPPED = /^[\u0000- ]+|[\u0000- ]+$|[\t\n\r]/g
const SCHEME = /^([a-z][a-z0-9+.-]*):/i
/** Stands in for wherever the page is shown. */
const BASE = 'https://here.invalid/'

/** Networks that are not the internet: RFC 6890, and what is reserved. */
const LOCAL_NETWORKS = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24',
  '192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3',
]
  .join(' ')
  .split(' ')
  .map((network) => {
    const [first, bits] = network.split('/') as [string, string]
    return { first: numberOf(first), size: 2 ** (32 - Number(bits)) }
  })
/** Names that only a local network or machine answers to. A name without a dot is one of them too. */
const LOCAL_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|home|corp|private|home\.arpa|test)$/

/** What a browser would make of `url`. */
export function readAddress(url: string): Address {
  const trimmed = url.replace(DROPPED, '')
  const scheme = SCHEME.exec(trimmed)?.[1]?.toLowerCase()
  if (scheme === 'mailto') return mailAddress(trimmed)
  if (scheme === 'http' || scheme === 'https') return webAddress(trimmed)
  if (scheme !== undefined) return { type: 'refused', why: `the scheme ${scheme}` }
  if (/^[/\\]{2}/.test(trimmed)) return { type: 'refused', why: 'a host without a scheme' }
  if (trimmed.startsWith('#') || trimmed === '') return { type: 'fragment', id: trimmed.slice(1) }
  const [, path = '', search = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(?:#(.*))?$/s.exec(trimmed) ?? []
  return { type: 'relative', path, search, fragment }
}

/** Whether a path stays at or below the folder that it is relative to. */
export function isBelow(path: string): boolean {
  if (/^[/\\]/.test(path)) return false
  let depth = 0
  for (const name of withoutEscapes(path).split(/[/\\]/)) {
    if (name === '..') depth--
    else if (name !== '.') depth++
    if (depth < 0) return false
  }
  return true
}

/** Without escapes; as it is where they are broken. */
export function withoutEscapes(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What a letter may be begun with (RFC 6068 §4): some programs would attach a file of the reader's, or copy others in. */
const MAIL_FIELDS: ReadonlySet<string> = new Set(['subject', 'body', 'cc', 'to', 'in-reply-to'])

function mailAddress(href: string): Address {
  const query = /\?([^#]*)/.exec(href)?.[1] ?? ''
  const fields = [...new URLSearchParams(query.replaceAll('+', '%2b').replaceAll(';', '&')).keys()]
  const bad = fields.find((field) => !MAIL_FIELDS.has(field.toLowerCase()))
  return bad === undefined
    ? { type: 'mail', href }
    : { type: 'refused', why: 'a letter with more than words' }
}

function webAddress(href: string): Address {
  // without the slashes it depends on where the page is shown what is meant
  const parsed = /^https?:\/\//i.test(href) ? parse(href) : undefined
  if (parsed === undefined) return { type: 'refused', why: 'no address of the web' }
  if (parsed.username !== '' || parsed.password !== '')
    return { type: 'refused', why: 'a name before the host' }
  if (isLocalHost(parsed.hostname))
    return { type: 'refused', why: 'an address of your own machine or network' }
  return { type: 'web', href }
}

function parse(href: string): URL | undefined {
  try {
    return new URL(href, BASE)
  } catch {
    return undefined
  }
}

/** `hostname` as URL writes it: lower case, numbers of any notation as four decimal ones, IPv6 in brackets. */
function isLocalHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '')
  if (name.startsWith('[')) return !isGlobalIpv6(name.slice(1, -1))
  if (!/^[\d.]+$/.test(name)) return !name.includes('.') || LOCAL_NAME.test(name)
  const number = numberOf(name)
  return LOCAL_NETWORKS.some(({ first, size }) => number >= first && number < first + size)
}

/** 2000::/3 but for tunnels that carry an IPv4 address: Teredo (2001::/32) and 6to4 (2002::/16). */
function isGlobalIpv6(address: string): boolean {
  const [first = '', second = ''] = address.split(':')
  return /^[23][0-9a-f]{3}$/.test(first) && first !== '2002' && !(first === '2001' && /^0*$/.test(second))
}

function numberOf(ipv4: string): number {
  return ipv4.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}
