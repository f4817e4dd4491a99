/**
 * What heads and the head ought to be, worked out another way than the code under test: by counting children,
 * and by sets as large integers. It shares nothing with it but the ids.
 */

/** One version as the oracle sees it. */
export interface Plain {
  readonly id: string
  readonly parents: readonly string[]
  /** How much its author is trusted. */
  readonly trust: number
}

/** Takes in versions of one page in any order. */
export class Oracle {
  /** Parents first: the whole page, of which only a part may have arrived. */
  readonly #page: readonly Plain[]
  readonly #known = new Set<string>()
  readonly #children = new Map<string, number>()

  constructor(page: readonly Plain[]) {
    this.#page = page
  }

  add({ id, parents }: Plain): void {
    this.#known.add(id)
    for (const parent of parents) this.#children.set(parent, (this.#children.get(parent) ?? 0) + 1)
  }

  /** Versions that have arrived and are no parent of one that has, in order. */
  heads(): string[] {
    return [...this.#known].filter((id) => !this.#children.has(id)).sort()
  }

  /** The one head: at each fork the side with the most trusted author, then the smaller id. */
  head(): string {
    const heads = this.heads()
    if (heads.length === 1) return heads[0]!
    const known = this.#page.filter(({ id }) => this.#known.has(id))
    const ends = new Map(known.map(({ id }) => [id, 0n]))
    const trust = new Map(known.map((one) => [one.id, one.trust]))
    for (const [bit, id] of heads.entries()) ends.set(id, 1n << BigInt(bit))
    const children = new Map<string, string[]>()
    for (const { id, parents } of [...known].reverse()) {
      for (const parent of parents) {
        if (!this.#known.has(parent)) continue
        ends.set(parent, ends.get(parent)! | ends.get(id)!)
        trust.set(parent, Math.max(trust.get(parent)!, trust.get(id)!))
        children.set(parent, [...(children.get(parent) ?? []), id])
      }
    }
    let left = (1n << BigInt(heads.length)) - 1n
    let open = known.filter(({ parents }) => !parents.some((id) => this.#known.has(id))).map(({ id }) => id)
    for (;;) {
      const sides = open.filter((id) => (ends.get(id)! & left) !== 0n)
      sides.sort((a, b) => trust.get(b)! - trust.get(a)! || (a < b ? -1 : 1))
      const chosen = sides[0]!
      left &= ends.get(chosen)!
      if ((left & (left - 1n)) === 0n) return heads[left.toString(2).length - 1]!
      open = children.get(chosen) ?? []
    }
  }
}
