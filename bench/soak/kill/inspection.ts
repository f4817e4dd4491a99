/**
 * What can be said of a home whose node has stopped: whether its index says what its feeds hold, no more and no
 * less, what was promised to it, and whether a crash left anything lying.
 */
import { readdirSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { decode } from '../../../src/base/codec.ts'
import { deviceVerify } from '../../../src/base/crypto.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { IdSet } from '../../../src/base/id-map.ts'
import type { Network } from '../../../src/base/network.ts'
import { idToText } from '../../../src/base/text-id.ts'
import { describeBlock } from '../../../src/content/block.ts'
import { parseRecord } from '../../../src/content/record.ts'
import { holding } from '../../../src/content/statement.ts'
import { Batch } from '../../../src/node/batch.ts'
import type { BlockIndex } from '../../../src/node/io/store/block-index.ts'
import { realDisk } from '../../../src/node/io/store/disk.ts'
import { type Files, openFiles } from '../../../src/node/io/store/files.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'
import { unpackSegment } from '../../../src/node/io/store/segment.ts'

const CACHE_BYTES = 1024 * 1024
/** What is written beside and put in its place; a backup that is half made. */
const LEFTOVER = /\.(tmp|part)$/

export interface Promised {
  /** Ids of blocks in text form. */
  readonly ids: readonly string[]
  readonly device: string
  /** Incarnation and number, as they may stand once only. */
  readonly number: string
  /** Hash of the statement: two under one number are a lie. */
  readonly hash: string
}

export interface Inspection {
  readonly faults: readonly string[]
  readonly blocks: number
  /** Holdings that others gave to this node. */
  readonly promises: readonly Promised[]
}

/** Fails where somebody has the lock. */
export async function inspect(home: string, incarnation: Uint8Array, network: Network): Promise<Inspection> {
  const lock = lockHome(home)
  let mended = 0
  const disk = {
    ...realDisk,
    passes: (moment: string): void => {
      if (moment === 'indexing') mended++
    },
  }
  try {
    const options = { home, incarnation, describe: describeBlock, cacheBytesMax: CACHE_BYTES, repair: false }
    const files = await openFiles({ ...options, disk })
    try {
      const faults = [
        ...(mended > 0 ? ['its index had to be mended although it was stopped cleanly'] : []),
        ...(await indexFaults(files)),
        ...leftovers(home).map((name) => `${name} was left lying`),
      ]
      return { faults, blocks: files.index.state.blocks, promises: await promisesIn(files, network) }
    } finally {
      await files.close()
    }
  } finally {
    lock.release()
  }
}

/** Names of files that only a crash leaves. */
export function leftovers(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => LEFTOVER.test(name))
}

async function indexFaults({ feeds, index }: Files): Promise<string[]> {
  const faults: string[] = []
  const seen = new IdSet()
  for (const name of feeds.names()) {
    const length = feeds.length(name)
    const indexed = index.marks().find((mark) => mark.name === name)?.indexed ?? 0
    if (indexed !== length) faults.push(`${name}: ${indexed} of ${length} segments are indexed`)
    for (let segment = 0; segment < length; segment++) {
      const [bytes] = await feeds.read([{ name, segment }])
      if (bytes === undefined) {
        faults.push(`${name}: segment ${segment} does not read back`)
        continue
      }
      for (const entry of unpackSegment(bytes)) {
        const id = entry.locator === undefined ? describeBlock(entry.bytes).id : sha256(entry.bytes)
        seen.add(id)
        const [known] = await index.find([id])
        if (known === undefined) faults.push(`${name}: ${idToText(id)} is not in the index`)
        else if (known.crc !== crc32(entry.bytes)) faults.push(`${idToText(id)} has another checksum`)
      }
    }
  }
  return [...faults, ...(await entryFaults(index, seen))]
}

/** Entries for what no feed has, and counters that do not count. */
async function entryFaults(index: BlockIndex, seen: IdSet): Promise<string[]> {
  const faults: string[] = []
  let blocks = 0
  let bytes = 0
  for await (const block of index.blocks()) {
    blocks++
    bytes += block.length
    if (!seen.has(block.id)) faults.push(`${idToText(block.id)} is in the index and in no feed`)
  }
  const { state } = index
  if (state.blocks !== blocks || state.bytes !== bytes)
    faults.push(
      `the index counts ${state.blocks} blocks of ${state.bytes} bytes and has ${blocks} of ${bytes}`,
    )
  return faults
}

async function promisesIn({ notes }: Files, network: Network): Promise<Promised[]> {
  const promises: Promised[] = []
  for (const table of ['pending', 'holding'] as const) {
    for await (const { key, value } of notes.each(table, NOTHING)) {
      const { entries, holdings } = Batch.decode(key, value, { network, verifyDevice: deviceVerify })
      for (const [, { record, part }] of holdings) {
        const { signer, body } = parseRecord(record)
        const { incarnation, sequence } = decode(holding, body)
        promises.push({
          ids: entries.flatMap(({ id }, i) => (part === undefined || part.has(i) ? [idToText(id)] : [])),
          device: idToText(signer),
          number: `${idToText(signer)} ${hex(incarnation)} ${sequence}`,
          hash: hex(sha256(record)),
        })
      }
    }
  }
  return promises
}

/** Numbers under which two different statements were signed. */
export function repeatedNumbers(promises: readonly Promised[]): string[] {
  const hashes = new Map<string, Set<string>>()
  for (const { number, hash } of promises) {
    const known = hashes.get(number) ?? new Set()
    hashes.set(number, known.add(hash))
  }
  return [...hashes].filter(([, different]) => different.size > 1).map(([number]) => number)
}

const NOTHING = new Uint8Array(0)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
