/** The nodes of a churn run: who is there, what each was heard to complain of, and what each takes of the machine. */
import { readdirSync, readFileSync } from 'node:fs'
import { type NodeSettings, SoakNode } from '../nodes/node.ts'

const PAGE_BYTES = 4_096
const MEGABYTE = 1e6

export interface Sample {
  readonly rssMb: number
  readonly files: number
}

export class Crowd {
  /** Those that run, the publisher not among them. */
  readonly peers: SoakNode[] = []
  readonly faults: string[] = []
  readonly samples = new Map<SoakNode, Sample[]>()
  readonly #settings: Omit<NodeSettings, 'name'>
  readonly #all: SoakNode[] = []

  constructor(settings: Omit<NodeSettings, 'name'>) {
    this.#settings = settings
  }

  /** Every node that was ever started, for the end. */
  get all(): readonly SoakNode[] {
    return this.#all
  }

  async add(name: string): Promise<SoakNode> {
    const node = await SoakNode.make({ ...this.#settings, name })
    this.#all.push(node)
    await node.start()
    void this.#listen(node)
    return node
  }

  /** A peer comes. */
  async joins(): Promise<SoakNode> {
    const node = await this.add(`peer-${this.#all.length}`)
    this.peers.push(node)
    return node
  }

  /** A peer goes: half of them say good-bye, the others are killed. */
  async leaves(node: SoakNode, how: 'stop' | 'kill'): Promise<void> {
    this.peers.splice(this.peers.indexOf(node), 1)
    this.samples.delete(node)
    await (how === 'stop' ? node.stop() : node.kill())
  }

  /** Memory and open files of those that run. */
  sample(): void {
    for (const node of this.peers) {
      const [, pages] = readFileSync(`/proc/${node.pid}/statm`, 'utf8').split(' ')
      const files = readdirSync(`/proc/${node.pid}/fd`).length
      const known = this.samples.get(node) ?? []
      known.push({ rssMb: (Number(pages) * PAGE_BYTES) / MEGABYTE, files })
      this.samples.set(node, known)
    }
  }

  /** Nobody here lies: every fault that one sees in another is a finding. */
  async #listen(node: SoakNode): Promise<void> {
    try {
      for await (const event of node.client.stream('/v1/events', { query: { since: 0 } })) {
        if (event.type === 'fault')
          this.faults.push(`${node.name} found a fault in ${event.device}: ${event.code}: ${event.message}`)
      }
    } catch {
      // It has left, or nothing happened there for as long as a stream lasts.
    }
  }
}
