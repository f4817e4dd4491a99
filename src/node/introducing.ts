/** The first query of a connection: who are you. It opens the session, so that later queries only wait for themselves. */

import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { verifyBlock } from '../content/block.ts'
import type { Connection, Node } from './node.ts'
import type { Task } from './task.ts'

const INTRODUCE_WITHIN_MS = 20_000
/** A key and a certificate, with room for a chain. */
const BLOCKS_MAX = 32

/** Learns whose device is at the other end; a device without certificate stays anonymous. */
export function* introduce(node: Node, connection: Connection): Task<void> {
  const arrived: Uint8Array[] = []
  yield* connection.client.ask(
    { type: 'introduce' },
    {
      items(items) {
        for (const { answer } of items) {
          if (answer.type !== 'found')
            throw new SheafError('WRONG_QUERY', 'an introduction that shows nothing')
          if (arrived.push(answer.bytes) > BLOCKS_MAX)
            throw new SheafError('TOO_LARGE', 'an introduction without end')
        }
      },
    },
    node.env.nowMs() + INTRODUCE_WITHIN_MS,
  )
  for (const bytes of arrived) {
    const block = verifyBlock(bytes, node.verifyContext())
    if (block.type === 'key') node.keys.add(block.key)
    if (block.type === 'certificate' && equalBytes(block.certificate.device, connection.device)) {
      connection.entity = block.record.signer
      node.people.learn(connection.device, block.record.signer)
    }
  }
  node.emit({ type: 'introduced', device: connection.device, entity: connection.entity })
}
