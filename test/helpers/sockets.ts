/** What a process listens on, as the kernel tells it (Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ListeningSocket {
  protocol: 'tcp' | 'udp' | 'tcp6' | 'udp6'
  host: string
  port: number
}

const PROTOCOLS = ['tcp', 'udp', 'tcp6', 'udp6'] as const
/** proc(5): a TCP socket that accepts connections. */
const TCP_LISTEN = '0A'

/**
 * The TCP sockets of `pid` that accept connections, and all its bound UDP sockets. Throws where
 * the process is gone or is not ours to look at.
 */
export function listeningSockets(pid: number): ListeningSocket[] {
  const inodes = socketInodes(pid)
  return PROTOCOLS.flatMap((protocol) => {
    const [, ...lines] = readTable(pid, protocol).trimEnd().split('\n')
    return lines.flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (!inodes.has(inode)) return []
      if (protocol.startsWith('tcp') && state !== TCP_LISTEN) return []
      return [{ protocol, ...parseAddress(local) }]
    })
  })
}

/** `0100007F:1F90`, as in /proc/net/tcp → 127.0.0.1, 8080. IPv6 as eight groups without shortening. */
export function parseAddress(text: string): { host: string; port: number } {
  const [address = '', port = ''] = text.split(':')
  // The kernel prints 32-bit words, each in the byte order of the machine (little-endian wherever node runs).
  const words = address.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  const host =
    bytes.length === 4 ? bytes.join('.') : (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).join(':')
  return { host, port: Number.parseInt(port, 16) }
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** Where a descriptor leads; empty where it was closed since the listing. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** A machine without IPv6 has no tables for it. */
function readTable(pid: number, protocol: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
  } catch {
    return ''
  }
}
