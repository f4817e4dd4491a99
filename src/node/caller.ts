/**
 * Who calls, as far as it can be known before a word was said: the device, and the networks that
 * its address is in. They are what limits are kept for.
 *
 *     203.0.113.9          → the host 203.0.113.9 and its /24
 *     2001:db8:1:2::7      → its /48: whoever has one address there has all of them
 */
import { idKey } from '../base/id-map.ts'

export interface Caller {
  device: string
  /** Narrowest first: the IPv4 host, then its /24; or the IPv6 /48. Empty where the address is not known. */
  networks: readonly string[]
  /** Loopback, link-local and private networks: many honest nodes may share one address there. */
  isLocal: boolean
}

/** `address` is as sockets tell it, `10.0.0.1` or `fe80::1%eth0`; anything else counts as not known. */
export function callerOf(device: Uint8Array, address?: string): Caller {
  const name = idKey(device)
  const four = readIpv4(address)
  if (four !== undefined) {
    const [a, b, c, d] = four
    return { device: name, networks: [`${a}.${b}.${c}.${d}`, `${a}.${b}.${c}.`], isLocal: isLocalIpv4(a, b) }
  }
  const six = readIpv6Head(address)
  if (six === undefined) return { device: name, networks: [], isLocal: false }
  const net = six.map((group) => group.toString(16)).join(':')
  return { device: name, networks: [`${net}::`], isLocal: isLocalIpv6(six[0]!, address) }
}

type Ipv4 = [number, number, number, number]

const IPV4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i

function readIpv4(address = ''): Ipv4 | undefined {
  const bytes = IPV4.exec(address)?.slice(1).map(Number)
  return bytes?.every((byte) => byte <= 255) ? (bytes as Ipv4) : undefined
}

/** 127/8 loopback; 10/8, 172.16/12, 192.168/16 private (RFC 1918); 169.254/16 link-local. */
function isLocalIpv4(a: number, b: number): boolean {
  if (a === 127 || a === 10) return true
  return (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
}

/** The first three groups of 16 bits: the /48. */
function readIpv6Head(address = ''): number[] | undefined {
  const plain = address.split('%', 1)[0]!
  if (!/^[0-9a-f:]{2,39}$/i.test(plain) || !plain.includes(':')) return undefined
  const [left = '', right, more] = plain.split('::')
  if (more !== undefined) return undefined
  const head = groupsOf(left)
  const tail = right === undefined ? [] : groupsOf(right)
  const zeros = 8 - head.length - tail.length
  if (right === undefined ? zeros !== 0 : zeros < 1) return undefined
  const all = [...head, ...Array<number>(zeros).fill(0), ...tail]
  return all.every((group) => group >= 0 && group <= 0xffff) ? all.slice(0, 3) : undefined
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => (group === '' ? -1 : Number.parseInt(group, 16)))
}

/** ::1 loopback; fe80::/10 link-local; fc00::/7 unique local (RFC 4193). */
function isLocalIpv6(first: number, address = ''): boolean {
  return /^(?:0*:)*0*1$/.test(address) || (first & 0xffc0) === 0xfe80 || (first & 0xfe00) === 0xfc00
}
