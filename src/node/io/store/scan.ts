/** Going through a whole store, with bounded memory: in the order of the feeds, and in that of the index. */
import { crc32 } from 'node:zlib'
import { equalBytes, sha256 } from '../../../base/hash.ts'
import type { BlockMeta, Describe, Feed, ScrubReport, StoredBlock } from '../../store.ts'
import type { BlockIndex } from './block-index.ts'
import type { Feeds } from './feeds.ts'
import { type IndexedBlock, metaOf } from './index-keys.ts'
import { type Entry, unpackSegment } from './segment.ts'

/** About a megabyte in memory, a few where blocks are large. */
const SEGMENTS_AT_ONCE = 64
/** Entries that are sorted by place before their blocks are read: 16 MB, and few passes over the feeds. */
const ENTRIES_AT_ONCE = 65_536

interface Parts {
  feeds: Feeds
  index: BlockIndex
  describe: Describe
}

/** Every block that the index knows and that is what it says, in the order in which each feed was written. */
export async function* eachBlock(parts: Parts): AsyncIterable<{ feed: Feed; block: StoredBlock }> {
  const { feeds } = parts
  const lengths = feeds.names().map((name) => [name, feeds.length(name)] as const)
  for (const [name, length] of lengths) {
    const feed = name.startsWith('outbox/') ? 'outbox' : 'shelf'
    for (let start = 0; start < length; start += SEGMENTS_AT_ONCE) {
      const end = Math.min(start + SEGMENTS_AT_ONCE, length)
      for (const block of await blocksIn(parts, { name, start, end })) yield { feed, block }
    }
  }
}

/** What one block of the index turned out to be. */
export interface Finding {
  block: IndexedBlock
  /** `damaged` by its checksum; `another` where id or kind, place or time are not its own. */
  state: 'good' | 'damaged' | 'another'
}

/** Reads back every block of the index. `found` hears of all that are not good, and how many were read. */
export async function scrub(
  parts: Parts,
  found: (harmed: Finding[], checked: number) => Promise<void>,
): Promise<ScrubReport> {
  const before = parts.index.state
  const report = { checked: 0, bytes: 0, damaged: 0, misplaced: 0, isIndexWhole: true }
  for await (const findings of eachFinding(parts)) {
    for (const { block, state } of findings) {
      report.checked++
      report.bytes += block.length
      if (state === 'damaged') report.damaged++
      if (state === 'another') report.misplaced++
    }
    await found(
      findings.filter(({ state }) => state !== 'good'),
      report.checked,
    )
  }
  // what was written meanwhile is no sign of damage
  if (before === parts.index.state) report.isIndexWhole = before.blocks === report.checked
  return report
}

async function* eachFinding(parts: Parts): AsyncIterable<Finding[]> {
  let entries: IndexedBlock[] = []
  for await (const entry of parts.index.blocks()) {
    // the bytes under an entry are those of a whole answer of the database
    entries.push({ ...entry, id: Uint8Array.from(entry.id), locator: Uint8Array.from(entry.locator) })
    if (entries.length < ENTRIES_AT_ONCE) continue
    yield* findings(parts, entries)
    entries = []
  }
  yield* findings(parts, entries)
}

async function blocksIn(
  { feeds, index, describe }: Parts,
  { name, start, end }: { name: string; start: number; end: number },
): Promise<StoredBlock[]> {
  const positions = Array.from({ length: end - start }, (_, i) => ({ name, segment: start + i }))
  const segments = await feeds.readAnew(positions)
  const found = segments.flatMap((segment, i) =>
    entriesOf(segment).flatMap(({ bytes, locator, offset }) => {
      const meta = describedAs(bytes, locator, describe)
      return meta === undefined ? [] : [{ bytes, meta, segment: start + i, offset }]
    }),
  )
  const known = await index.find(found.map(({ meta }) => meta.id))
  return found.flatMap(({ bytes, meta, segment, offset }, i): StoredBlock[] => {
    const entry = known[i]
    const isItsPlace =
      entry?.segment === segment && entry.offset === offset && index.nameOf(entry.feed) === name
    return entry !== undefined && isItsPlace && isSame(entry, meta) ? [{ ...meta, bytes }] : []
  })
}

async function* findings(
  { feeds, index, describe }: Parts,
  entries: IndexedBlock[],
): AsyncIterable<Finding[]> {
  entries.sort((a, b) => a.feed - b.feed || a.segment - b.segment || a.offset - b.offset)
  let start = 0
  while (start < entries.length) {
    const places = new Map<string, { name: string; segment: number }>()
    let end = start
    for (; end < entries.length; end++) {
      const { feed, segment } = entries[end]!
      const key = `${feed}#${segment}`
      if (!places.has(key)) {
        if (places.size === SEGMENTS_AT_ONCE) break
        places.set(key, { name: index.nameOf(feed) ?? '', segment })
      }
    }
    const read = await feeds.readAnew([...places.values()])
    const segments = new Map([...places.keys()].map((key, i) => [key, read[i]]))
    yield entries.slice(start, end).map((block): Finding => {
      const segment = segments.get(`${block.feed}#${block.segment}`)
      return { block, state: stateOf(block, segment, describe) }
    })
    start = end
  }
}

function stateOf(block: IndexedBlock, segment: Uint8Array | undefined, describe: Describe): Finding['state'] {
  const bytes = segment?.subarray(block.offset, block.offset + block.length)
  if (bytes === undefined || bytes.byteLength !== block.length || crc32(bytes) !== block.crc) return 'damaged'
  const meta = describedAs(bytes, block.kind === 0 ? block.locator : undefined, describe)
  return meta !== undefined && isSame(block, meta) ? 'good' : 'another'
}

function entriesOf(segment: Uint8Array | undefined): Entry[] {
  if (segment === undefined) return []
  try {
    return unpackSegment(segment)
  } catch {
    // a segment that does not read back has no entries that anybody could vouch for
    return []
  }
}

/** What bytes say of themselves; a loose piece is told its locator. Undefined where they are no block. */
function describedAs(
  bytes: Uint8Array,
  locator: Uint8Array | undefined,
  describe: Describe,
): BlockMeta | undefined {
  if (locator !== undefined) {
    return { id: sha256(bytes), locator, kind: 0, timeMs: 0, length: bytes.byteLength }
  }
  try {
    const { id, locator: place, kind, timeMs } = describe(bytes)
    return { id, locator: place, kind, timeMs, length: bytes.byteLength }
  } catch {
    return undefined
  }
}

function isSame(entry: IndexedBlock, meta: BlockMeta): boolean {
  const { id, locator, kind, timeMs, length } = metaOf(entry)
  return (
    kind === meta.kind &&
    timeMs === meta.timeMs &&
    length === meta.length &&
    equalBytes(id, meta.id) &&
    equalBytes(locator, meta.locator)
  )
}
