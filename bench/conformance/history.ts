/**
 * Holds histories against a recorded one: 99 proposal pages with all their forks and merges. Every page arrives in 20
 * seeded orders at five simulated nodes and is compared with an oracle after each version; every recorded
 * merge is made again.
 */
import { join } from 'node:path'
import { historyOf } from '../../src/content/history.ts'
import { mergeVersions, withTexts } from '../../src/content/merge-versions.ts'
import { simCrypto } from '../../src/sim/crypto.ts'
import { World } from '../../src/sim/world.ts'
import { NODES, replay } from './history/nodes.ts'
import { hex, readRows, type Sealed, seal } from './history/proposals.ts'
import type { ConformanceReport } from './main.ts'

const ORDERS = 20

/** Of the merges in the record so many come out byte for byte; people settled the others by hand. */
const RECORDED = { merges: 53, reproducedMin: 37 }

/** Counts of what agreed, and a line for each thing that did not. */
export class Findings {
  readonly checked: Record<string, number> = {}
  readonly differences: string[] = []

  count(what: string, by = 1): void {
    this.checked[what] = (this.checked[what] ?? 0) + by
  }

  differ(what: string): void {
    this.differences.push(what)
  }
}

export async function checkHistory(dataDir: string): Promise<ConformanceReport> {
  const rows = readRows(join(dataDir, 'history', 'proposals.jsonl.gz'))
  const crypto = simCrypto('cheap')
  const findings = new Findings()
  const options = { seed: 'history', crypto }
  const sheaves = seal(rows, new World(options).network, crypto)
  findings.count('pages', sheaves.pages.size)
  findings.count('versions', rows.length)
  for (let round = 0; round < ORDERS / NODES; round++) {
    const world = new World(options)
    await world.play(replay(world, round, sheaves, findings))
  }
  for (const versions of sheaves.pages.values()) mergeAgain(versions, findings)
  const { merges, reproducedMin } = RECORDED
  const made = rows.filter(({ parents }) => parents.length > 1).length
  const reproduced = findings.checked[REPRODUCED] ?? 0
  if (made === merges && reproduced < reproducedMin) {
    findings.differ(`${reproduced} merges reproduced where ${reproducedMin} were before`)
  }
  const notes = [
    `signatures are the simulator's cheap ones; ${sheaves.people.size} authors; ${ORDERS} orders of each page, ${NODES} nodes at a time`,
  ]
  return { checked: findings.checked, differences: findings.differences, notes }
}

const REPRODUCED = 'merges reproduced byte for byte'

/** Makes each merge of a page again: the same text, or conflicts; anything else would be a wrong result that nobody sees. */
function mergeAgain(versions: readonly Sealed[], findings: Findings): void {
  const history = historyOf(versions.map(({ verified }) => verified))
  const texts = new Map(versions.map(({ verified, row }) => [hex(verified.id), row.markdown ?? undefined]))
  for (const { row, parents } of versions) {
    const [ours, theirs] = parents.map(({ verified }) => verified.id)
    if (ours === undefined || theirs === undefined) continue
    const merged = withTexts(mergeVersions(history, ours, theirs), (id) => texts.get(hex(id)))
    if (merged.conflicts.length > 0) findings.count('merges shown as conflicts')
    else if (merged.text === (row.markdown ?? undefined)) findings.count(REPRODUCED)
    else findings.differ(`${row.page} ${row.version}: merged cleanly into another text`)
  }
}
