/** Whether what was acknowledged reads back, byte for byte, from the disk of whoever acknowledged it. */
import { asSheafError } from '../../../src/base/errors.ts'
import type { WhereJson } from '../../../src/node/io/control/shapes.ts'
import type { SoakNode } from '../nodes/node.ts'
import type { Acknowledged } from './ledger.ts'

/** It is there or it is not: nobody else is to be waited for. */
const LOOK_MS = 1_000
const READS_AT_ONCE = 8

/** Undefined where a node has this page on its own disk as it was acknowledged, else what it has instead. */
export async function whatIsWrong(node: SoakNode, { id, text }: Acknowledged): Promise<string | undefined> {
  try {
    const stored = await node.read(id)
    if (stored === null) return 'does not have it'
    return stored.text === text ? undefined : 'has another text'
  } catch (error) {
    const { code, message } = asSheafError(error)
    if (code !== 'BAD_STORE') throw error
    return `has something else: ${message}`
  }
}

/** The devices that signed to a publisher that they hold this page, as its disk has it. */
export async function signersOf(publisher: SoakNode, { id }: Acknowledged): Promise<string[]> {
  const query = { id, timeoutMs: LOOK_MS }
  const known = publisher.client.ask<WhereJson>('/v1/where', { query })
  const { holders } = await known.catch((error: unknown): Pick<WhereJson, 'holders'> => {
    if (asSheafError(error).code === 'NOT_FOUND') return { holders: [] }
    throw error
  })
  return holders.flatMap(({ device, untilMs }) => (untilMs === null ? [] : [device]))
}

/** `work` on each, a few at a time. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker))
}
