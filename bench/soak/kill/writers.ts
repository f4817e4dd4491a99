/** Clients that publish to a node, several at a time, and note what they are told, until they are to stop or the node is gone. */
import { asSheafError } from '../../../src/base/errors.ts'
import { type Random, randomBelow } from '../../../src/base/random.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { lineOf } from '../../../src/node/io/control/lines.ts'
import type { SoakNode } from '../nodes/node.ts'
import type { Acknowledged, Ledger } from './ledger.ts'

const WRITERS = 3
/** Pages of one publish, and the random bytes that a page's text is made from. */
const PAGES_MAX = 10
const TEXT_BYTES_MAX = 3_000
/** One page of so many is longer than a piece, so that loose pieces are stored as well. */
const LONG_ONE_OF = 40
const LONG_BYTES = 120_000
/** A publish waits so long for holders while nothing moves: one of them may be dead. */
const PATIENCE_MS = 400

export interface Writing {
  /** Resolves to how many publishes were cut off; throws what else went wrong. */
  readonly cut: Promise<number>
  /** Lets the publishes that are under way end. */
  end(): void
}

/** `isCut` tells whether an answer broke off because the publisher is gone. */
export function write(
  publisher: SoakNode,
  ledger: Ledger,
  { run, random, isCut }: { run: number; random: Random; isCut: () => Promise<boolean> },
): Writing {
  let isEnding = false
  const writer = async (number: number, chance: Random): Promise<number> => {
    for (let batch = 0; !isEnding; batch++) {
      try {
        await publishAndNote(publisher, somePages(`${run}/${number}/${batch}`, chance), ledger, run)
      } catch (error) {
        if (asSheafError(error).code === 'NOT_RUNNING' && (await isCut())) return 1
        throw error
      }
    }
    return 0
  }
  const chances = Array.from({ length: WRITERS }, () => seededRandom(Buffer.from(random(8)).toString('hex')))
  const writers = chances.map((chance, number) => writer(number, chance))
  return {
    cut: Promise.all(writers).then((cut) => cut.reduce((sum, one) => sum + one, 0)),
    end() {
      isEnding = true
    },
  }
}

/** One publish; every line that comes back goes into the ledger at once. */
export async function publishAndNote(
  publisher: SoakNode,
  pages: readonly { path: string; text: string }[],
  ledger: Ledger,
  run: number,
): Promise<void> {
  const textAt = new Map(pages.map(({ path, text }) => [path, text]))
  const stored: Acknowledged[] = []
  const publish = ledger.begin()
  const lines = publisher.client.stream('/v1/publish', {
    method: 'POST',
    query: { patienceMs: PATIENCE_MS },
    lines: linesOf(pages),
  })
  for await (const line of lines) {
    if (line.type === 'stored') {
      const path = (line.page as string).replace(/^@[^/]+\//, '')
      stored.push(ledger.stored({ id: line.id as string, text: textAt.get(path)!, run, publish }))
    }
    if (line.type === 'held' || line.type === 'done') ledger.held(stored, line.held as number)
  }
}

export function somePages(folder: string, random: Random): { path: string; text: string }[] {
  return Array.from({ length: 1 + randomBelow(random, PAGES_MAX) }, (_, i) => {
    const bytes =
      randomBelow(random, LONG_ONE_OF) === 0 ? LONG_BYTES : 1 + randomBelow(random, TEXT_BYTES_MAX)
    return { path: `${folder}/${i}`, text: Buffer.from(random(bytes)).toString('base64') }
  })
}

async function* linesOf(pages: readonly object[]): AsyncGenerator<string> {
  for (const page of pages) yield lineOf(page)
}
