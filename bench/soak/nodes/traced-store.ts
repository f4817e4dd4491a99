/**
 * A store for a trace of system calls: it takes one write at a time, so that whatever is written belongs to one call,
 * and says in the log, and so in the trace, when it has answered for a synced one.
 */
import { writeSync } from 'node:fs'
import type { Store } from '../../../src/node/store.ts'
import { passing } from './early-store.ts'

const STDERR = 2

export function tracedStore(store: Store): Store {
  let last: Promise<unknown> = Promise.resolve()
  const alone = (write: () => Promise<void>): Promise<void> => {
    const written = last.then(write)
    last = written.catch(() => {})
    return written
  }
  return passing(store, {
    append: (feed, blocks, how) =>
      alone(async () => {
        await store.append(feed, blocks, how)
        if (how.sync) writeSync(STDERR, `${JSON.stringify({ msg: `promised ${feed}` })}\n`)
      }),
    note: (notes, how) => alone(() => store.note(notes, how)),
  })
}
