/** The numbers that were added last: of more than `max` the oldest is forgotten. */
export class RecentNumbers {
  readonly #numbers = new Set<number>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  has(number: number): boolean {
    return this.#numbers.has(number)
  }

  add(number: number): void {
    this.#numbers.add(number)
    if (this.#numbers.size <= this.#max) return
    const [oldest] = this.#numbers
    if (oldest !== undefined) this.#numbers.delete(oldest)
  }
}
