/**
 * The feeds are the truth, and the index follows them. What a crash left between the two is mended
 * when a store is opened; `rebuild` makes the whole index again.
 *
 *     feed     0 1 2 3 4 5 6 7          ended between feed and index: index 6 and 7
 *     index    0 1 2 3 4 5
 *
 *     feed     0 1 2 3                  the power went, and the index had been written further
 *     index    0 1 2 3 4 5              than the feed: forget 4 and 5
 */
import { crc32 } from 'node:zlib'
import { sha256 } from '../../../base/hash.ts'
import { IdMap } from '../../../base/id-map.ts'
import type { Describe } from '../../store.ts'
import type { BlockIndex } from './block-index.ts'
import type { Feeds } from './feeds.ts'
import type { IndexedBlock } from './index-keys.ts'
import { unpackSegment } from './segment.ts'

/** About a megabyte in memory. */
const SEGMENTS_AT_ONCE = 64
/** Entries that are removed by one batch. */
const REMOVALS_AT_ONCE = 4096

/** What could not be read back: segments and entries. */
export interface Damage {
  damaged: number
}

/** Brings the index to where the feeds are. */
export async function catchUp(index: BlockIndex, feeds: Feeds, describe: Describe): Promise<Damage> {
  if (index.state.rebuilding) return rebuild(index, feeds, describe)
  for (const { name, indexed } of index.marks()) {
    if (feeds.length(name) < indexed) await forgetFrom(index, name, feeds.length(name))
  }
  return indexRest(index, feeds, describe)
}

/** Makes the index again from the feeds; notes stay as they are. Ended midway, the next `catchUp` starts over. */
export async function rebuild(index: BlockIndex, feeds: Feeds, describe: Describe): Promise<Damage> {
  await index.startRebuild()
  const damage = await indexRest(index, feeds, describe)
  await index.finishRebuild()
  return damage
}

async function indexRest(index: BlockIndex, feeds: Feeds, describe: Describe): Promise<Damage> {
  let damaged = 0
  for (const name of feeds.names()) {
    const length = feeds.length(name)
    let next = index.marks().find((mark) => mark.name === name)?.indexed ?? 0
    while (next < length) {
      const end = Math.min(next + SEGMENTS_AT_ONCE, length)
      damaged += await indexSegments(index, feeds, describe, { name, start: next, end })
      next = end
    }
  }
  return { damaged }
}

/** Indexes the segments from `start` to `end` (exclusive) of a feed; how many did not read back. */
async function indexSegments(
  index: BlockIndex,
  feeds: Feeds,
  describe: Describe,
  { name, start, end }: { name: string; start: number; end: number },
): Promise<number> {
  const batch = index.batch()
  const feed = batch.advance(name, end)
  const positions = Array.from({ length: end - start }, (_, i) => ({ name, segment: start + i }))
  const segments = await feeds.read(positions)
  const blocks = new IdMap<IndexedBlock>()
  let damaged = 0
  segments.forEach((segment, i) => {
    const entries = segment && attempt(() => unpackSegment(segment))
    if (entries === undefined) {
      damaged++
      return
    }
    for (const { offset, bytes, locator } of entries) {
      const known = locator
        ? { id: sha256(bytes), locator, kind: 0, timeMs: 0 }
        : attempt(() => describe(bytes))
      if (known === undefined) {
        damaged++
      } else if (!blocks.has(known.id)) {
        blocks.set(known.id, {
          ...known,
          length: bytes.byteLength,
          feed,
          segment: start + i,
          offset,
          crc: crc32(bytes),
        })
      }
    }
  })
  const ids = [...blocks.keys()]
  const present = await index.find(ids)
  ids.forEach((id, i) => {
    if (present[i] === undefined) batch.add(blocks.get(id)!)
  })
  await batch.write()
  return damaged
}

/** Removes what the index says of a feed's segments from `length` on. The mark goes last: ended midway, this runs again. */
async function forgetFrom(index: BlockIndex, name: string, length: number): Promise<void> {
  let batch = index.batch()
  for await (const block of index.blocks()) {
    if (block.segment < length || index.nameOf(block.feed) !== name) continue
    batch.remove(block)
    if (batch.length >= REMOVALS_AT_ONCE) {
      await batch.write()
      batch = index.batch()
    }
  }
  batch.advance(name, length)
  await batch.write()
}

/** The result, or undefined where the bytes are not what they should be. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
