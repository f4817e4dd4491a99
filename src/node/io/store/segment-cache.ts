/** The segments that were read or written last, bounded in bytes. */

/** A segment of a feed. */
export interface Position {
  name: string
  segment: number
}

export class SegmentCache {
  readonly #bytesMax: number
  /** The one that was used last is last. */
  readonly #segments = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(position: Position): Uint8Array | undefined {
    const key = keyOf(position)
    const bytes = this.#segments.get(key)
    if (bytes !== undefined) {
      this.#segments.delete(key)
      this.#segments.set(key, bytes)
    }
    return bytes
  }

  set(position: Position, bytes: Uint8Array): void {
    const key = keyOf(position)
    this.#drop(key)
    this.#segments.set(key, bytes)
    this.#bytes += bytes.byteLength
    for (const oldest of this.#segments.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.#drop(oldest)
    }
  }

  clear(): void {
    this.#segments.clear()
    this.#bytes = 0
  }

  #drop(key: string): void {
    this.#bytes -= this.#segments.get(key)?.byteLength ?? 0
    this.#segments.delete(key)
  }
}

function keyOf({ name, segment }: Position): string {
  return `${name}#${segment}`
}
