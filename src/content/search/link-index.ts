/** Which page links to which: both ways, so that a page knows who points at it. Pages stand by keys. */

export class LinkIndex {
  readonly #targets = new Map<string, ReadonlySet<string>>()
  readonly #sources = new Map<string, Set<string>>()

  /** The links of a page, in place of those it had; none takes it out. */
  set(source: string, targets: Iterable<string>): void {
    for (const target of this.targetsOf(source)) {
      const others = this.#sources.get(target)!
      others.delete(source)
      if (others.size === 0) this.#sources.delete(target)
    }
    const kept = new Set(targets)
    if (kept.size === 0) this.#targets.delete(source)
    else this.#targets.set(source, kept)
    for (const target of kept) {
      const others = this.#sources.get(target)
      if (others === undefined) this.#sources.set(target, new Set([source]))
      else others.add(source)
    }
  }

  targetsOf(source: string): Iterable<string> {
    return this.#targets.get(source) ?? []
  }

  sourcesOf(target: string): Iterable<string> {
    return this.#sources.get(target) ?? []
  }

  /** Pages that link anywhere. */
  sources(): Iterable<string> {
    return this.#targets.keys()
  }
}
