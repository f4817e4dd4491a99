/** What a client was told, written down the moment that it was told: pages acknowledged as stored, and as held. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { lineOf } from '../../../src/node/io/control/lines.ts'

export interface Acknowledged {
  readonly id: string
  readonly text: string
  /** The run in which it was published. */
  readonly run: number
  /** Number of the publish: its pages are acknowledged together. */
  readonly publish: number
  /** Since the ledger was opened. */
  readonly storedMs: number
  /** How many peers hold it, as far as the client was told. */
  held: number
}

export class Ledger {
  readonly #fd: number
  readonly #begunMs = performance.now()
  readonly #pages = new Map<string, Acknowledged>()
  #waiting: { kind: 'stored' | 'held'; resolve: () => void }[] = []
  #publishes = 0

  constructor(path: string) {
    this.#fd = openSync(path, 'a', 0o600)
  }

  get size(): number {
    return this.#pages.size
  }

  pages(): Acknowledged[] {
    return [...this.#pages.values()]
  }

  /** Resolves with the next acknowledgement of this kind. */
  grows(kind: 'stored' | 'held'): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ kind, resolve }))
  }

  /** A number for a publish that begins. */
  begin(): number {
    return ++this.#publishes
  }

  stored({ id, text, run, publish }: Pick<Acknowledged, 'id' | 'text' | 'run' | 'publish'>): Acknowledged {
    const page = { id, text, run, publish, storedMs: this.#nowMs(), held: 0 }
    this.#pages.set(id, page)
    this.#write({ type: 'stored', id, run, ms: page.storedMs })
    this.#tell('stored')
    return page
  }

  held(pages: readonly Acknowledged[], holders: number): void {
    const raised = pages.filter(({ held }) => held < holders)
    if (raised.length === 0) return
    for (const page of raised) page.held = holders
    this.#write({ type: 'held', holders, ids: raised.map(({ id }) => id), ms: this.#nowMs() })
    this.#tell('held')
  }

  /** What was found lost is found once. */
  forget(id: string): void {
    this.#pages.delete(id)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #tell(kind: 'stored' | 'held'): void {
    const [now, later] = [true, false].map((is) => this.#waiting.filter((one) => (one.kind === kind) === is))
    this.#waiting = later!
    for (const { resolve } of now!) resolve()
  }

  #nowMs(): number {
    return Math.round(performance.now() - this.#begunMs)
  }

  #write(line: object): void {
    writeSync(this.#fd, lineOf(line))
    fdatasyncSync(this.#fd)
  }
}
