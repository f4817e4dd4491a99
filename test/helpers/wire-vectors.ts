/** The vectors of messages, queries and answers (test/vectors/messages.json). */
import { readFileSync } from 'node:fs'

export interface WireVector {
  /** On the wire: the position in its registry. */
  number: number
  /** Bytes in hexadecimal behind 0x. */
  value: unknown
  bytes: string
}

export interface WireVectors {
  about: string
  messages: Record<string, WireVector>
  queries: Record<string, WireVector>
  answers: Record<string, WireVector>
}

export const wireVectors = JSON.parse(
  readFileSync(new URL('../vectors/messages.json', import.meta.url), 'utf8'),
) as WireVectors
