// timeout: 240s
/**
 * kill -9 at any moment loses nothing that was acknowledged.
 *
 * A client publishes to a node with two holders and writes down each acknowledgement. At a seeded moment the
 * publisher or a holder is killed, and starts again. What was acknowledged as stored must then be on the
 * publisher's disk, byte for byte; what was acknowledged as held, with those who signed for it, also once the
 * publisher is gone.
 *
 * That it can fail was seen by planting early acknowledgements, each caught in its first run:
 *   publishing.ts   `begin(store.append('outbox', …))` in the place of `yield*`: pages are lost at the first kill
 *   keeping.ts      `begin(node.store.append('shelf', …))` likewise: a page that was signed for is not there
 */
import test from 'brittle'
import { SheafError } from '../../../src/base/errors.ts'
import { randomBelow } from '../../../src/base/random.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import type { PageJson, WhereJson } from '../../../src/node/io/control/shapes.ts'
import { type DaemonProcess, daemon, privateNetwork } from '../../helpers/daemon.ts'
import { seed } from '../../helpers/seed.ts'

const KILLS = 10
/** Connections that publish at the same time. */
const WRITERS = 3
/** Pages of one publish, and what their random text is made from. */
const PAGES_MAX = 12
const TEXT_BYTES_MAX = 3_000
/** Lines that the client is told in a round, at the most, before the kill. */
const LINES_MAX = 100

interface Acknowledged {
  text: string
  /** How many peers hold it, as far as the client was told. */
  held: number
}

/** Texts by the ids that the publisher has acknowledged. */
type Ledger = Map<string, Acknowledged>

test(`kill - nothing acknowledged is lost in ${KILLS} kills at seeded moments`, async (t) => {
  const bootstrap = await privateNetwork(t)
  const config = { publishPatienceMs: '2000' }
  const [publisher, ...holders] = (await Promise.all(
    Array.from({ length: 3 }, () => daemon(t, { bootstrap, config })),
  )) as [DaemonProcess, DaemonProcess, DaemonProcess]
  await publisher.meets(2)

  const random = seededRandom(`kill ${seed}`)
  const ledger: Ledger = new Map()
  for (let kill = 1; kill <= KILLS; kill++) {
    // Every other kill hits the publisher: it has the most to lose.
    const victim = kill % 2 === 1 ? publisher : holders[randomBelow(random, holders.length)]!
    const moment = randomBelow(random, LINES_MAX)
    const before = ledger.size
    const broken = await publishUntilKilled(publisher, victim, { random, number: kill, moment, ledger })
    await victim.start()
    const who = victim === publisher ? 'publisher' : `holder ${holders.indexOf(victim) + 1}`
    const what = `the ${who} after ${moment} lines: ${ledger.size - before} pages more, ${broken} answers cut`
    t.alike(await lostBy(publisher, ledger), [], `kill ${kill}, ${what}`)
    await publisher.meets(2)
  }

  const held = [...ledger].filter(([, { held }]) => held > 0)
  t.ok(held.length > 0, `${ledger.size} pages acknowledged as stored, ${held.length} of them as held`)
  const signedBy = new Map<string, Ledger>(holders.map(({ device }) => [device, new Map()]))
  for (const [id, page] of held) {
    const { holders: signers } = await publisher.client.ask<WhereJson>('/v1/where', { query: { id } })
    if (signers.length < page.held) t.fail(`${id}: ${signers.length} holders where ${page.held} had signed`)
    for (const { device } of signers) signedBy.get(device)!.set(id, page)
  }
  await publisher.kill()
  for (const holder of holders) {
    const signed = signedBy.get(holder.device)!
    t.alike(await lostBy(holder, signed), [], `a holder has all ${signed.size} that it signed for`)
  }
})

interface Round {
  random: (length: number) => Uint8Array
  number: number
  /** How many lines the client is told before the kill. */
  moment: number
  ledger: Ledger
}

/**
 * Publishes over several connections, and kills `victim` when the client has been told `moment` lines: the one
 * of these connections that this falls to has just got an answer, the others wait for theirs. Comes back
 * when all have ended, with how many broke off.
 */
async function publishUntilKilled(
  publisher: DaemonProcess,
  victim: DaemonProcess,
  { random, number, moment, ledger }: Round,
): Promise<number> {
  let told = 0
  let killed: Promise<void> | undefined
  const strike = (): void => {
    if (told++ === moment) killed = victim.kill()
  }
  const write = async (writer: number, chance: (length: number) => Uint8Array): Promise<number> => {
    for (let batch = 0; killed === undefined; batch++) {
      const pages = somePages(`round-${number}/${writer}/${batch}`, chance)
      try {
        await publishAndNote(publisher, pages, ledger, strike)
      } catch (error) {
        // Only a publisher that is gone may break off.
        if (error instanceof SheafError && killed !== undefined && victim === publisher) return 1
        throw error
      }
    }
    return 0
  }
  const seeds = Array.from({ length: WRITERS }, () => seededRandom(Buffer.from(random(8)).toString('hex')))
  const broken = await Promise.all(seeds.map((chance, writer) => write(writer, chance)))
  await killed
  return broken.reduce((sum, one) => sum + one, 0)
}

/** One publish; every line that comes back goes into the ledger at once. */
async function publishAndNote(
  publisher: DaemonProcess,
  pages: { path: string; text: string }[],
  ledger: Ledger,
  strike: () => void,
): Promise<void> {
  const textAt = new Map(pages.map(({ path, text }) => [path, text]))
  const stored: Acknowledged[] = []
  const lines = publisher.client.stream('/v1/publish', { method: 'POST', lines: linesOf(pages) })
  for await (const line of lines) {
    if (line.type === 'stored') {
      const page = { text: textAt.get((line.page as string).replace(/^@[^/]+\//, ''))!, held: 0 }
      ledger.set(line.id as string, page)
      stored.push(page)
    }
    if (line.type === 'held' || line.type === 'done') {
      for (const page of stored) page.held = Math.max(page.held, line.held as number)
    }
    strike()
  }
}

function somePages(folder: string, random: (length: number) => Uint8Array): { path: string; text: string }[] {
  return Array.from({ length: 1 + randomBelow(random, PAGES_MAX) }, (_, i) => ({
    path: `${folder}/${i}`,
    text: Buffer.from(random(1 + randomBelow(random, TEXT_BYTES_MAX))).toString('base64'),
  }))
}

/** Ids of the pages that a node does not have on its own disk, or not as they were. */
async function lostBy(node: DaemonProcess, pages: Ledger): Promise<string[]> {
  const lost: string[] = []
  for (const [id, { text }] of pages) {
    try {
      const got = await node.client.ask<PageJson>('/v1/get', { query: { id, timeoutMs: 1_000 } })
      if (got.text !== text || got.asked.length > 0) lost.push(id)
    } catch (error) {
      if (!(error instanceof SheafError)) throw error
      lost.push(`${id}: ${error.code}`)
    }
  }
  return lost
}

async function* linesOf(pages: object[]): AsyncGenerator<string> {
  for (const page of pages) yield `${JSON.stringify(page)}\n`
}
