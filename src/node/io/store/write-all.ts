/** Many writes at once: the notes, then one append a feed, then one batch of the index. What is written twice is stored once. */
import { crc32 } from 'node:zlib'
import { type IdMap, idKey } from '../../../base/id-map.ts'
import type { Feed, StoredBlock } from '../../store.ts'
import type { IndexBatch } from './block-index.ts'
import type { Files } from './files.ts'
import type { IndexedBlock } from './index-keys.ts'
import { packSegments } from './segment.ts'
import type { Write } from './write-queue.ts'

/** Writes what is not there, or is among `unreadable`, which it then leaves. One call at a time. */
export async function writeAll(
  files: Files,
  writes: readonly Write[],
  unreadable: IdMap<IndexedBlock>,
): Promise<void> {
  const notes = writes.flatMap((write) => write.notes)
  if (notes.length > 0) await files.notes.write(notes)
  const batch = files.index.batch()
  const fresh = await freshBlocks(files, writes, unreadable)
  for (const feed of ['outbox', 'shelf'] as const) {
    if (fresh[feed].length > 0) await appendTo(files, feed, { blocks: fresh[feed], batch, unreadable })
  }
  if (batch.length === 0) return
  await batch.write()
  for (const { id } of [...fresh.outbox, ...fresh.shelf]) unreadable.delete(id)
}

/** The blocks that the index lacks or cannot read, each once, by feed. */
async function freshBlocks(
  { index }: Files,
  writes: readonly Write[],
  unreadable: IdMap<IndexedBlock>,
): Promise<Record<Feed, StoredBlock[]>> {
  const seen = new Set<string>()
  const wanted = writes.map(({ blocks }) => blocks.filter(({ id }) => isNew(seen, idKey(id))))
  const known = await index.find(wanted.flatMap((blocks) => blocks.map(({ id }) => id)))
  const fresh: Record<Feed, StoredBlock[]> = { outbox: [], shelf: [] }
  let at = 0
  for (const [i, { feed }] of writes.entries()) {
    for (const block of wanted[i]!) {
      if (known[at++] === undefined || unreadable.has(block.id)) fresh[feed].push(block)
    }
  }
  return fresh
}

/** Whether `key` is not among those that were `seen`, where it is from now on. */
function isNew(seen: Set<string>, key: string): boolean {
  const { size } = seen
  return seen.add(key).size > size
}

async function appendTo(
  { feeds, names }: Files,
  feed: Feed,
  {
    blocks,
    batch,
    unreadable,
  }: { blocks: readonly StoredBlock[]; batch: IndexBatch; unreadable: IdMap<IndexedBlock> },
): Promise<void> {
  const segments = packSegments(blocks)
  const first = await feeds.append(
    names[feed],
    segments.map(({ bytes }) => bytes),
  )
  const number = batch.advance(names[feed], first + segments.length)
  segments.forEach(({ entries }, i) => {
    for (const { block, offset } of entries) {
      const { id, locator, kind, timeMs, length } = block
      const place = { feed: number, segment: first + i, offset, crc: crc32(block.bytes) }
      const indexed = { id, locator, kind, timeMs, length, ...place }
      const damaged = unreadable.get(id)
      if (damaged === undefined) batch.add(indexed)
      else batch.replace(indexed, damaged)
    }
  })
}
