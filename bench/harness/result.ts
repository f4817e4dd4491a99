/** The JSON that a bench prints, read back: one object, the last line of its output. */

import { SheafError } from '../../src/base/errors.ts'

export interface BenchResult {
  readonly bench: string
  readonly commit: string
  readonly node: string
  readonly verify: string
  readonly figures: Readonly<Record<string, unknown>>
}

/**
 * The results among the lines of `text`; lines that are no JSON object (what npm says first) are passed over.
 * Throws BAD_FORMAT where there is no result at all, or an object that lacks the fields that each result has.
 */
export function readResults(text: string): BenchResult[] {
  const results = text.split('\n').flatMap((line) => {
    const parsed = parseObject(line.trim())
    return parsed === undefined ? [] : [toResult(parsed)]
  })
  if (results.length === 0) throw new SheafError('BAD_FORMAT', 'no line holds the JSON of a bench')
  return results
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch (cause) {
    throw new SheafError('BAD_FORMAT', `a line begins as JSON and is none: ${line.slice(0, 60)}`, { cause })
  }
}

function toResult({ bench, commit, node, verify, ...figures }: Record<string, unknown>): BenchResult {
  if (!isText(bench) || !isText(commit) || !isText(node) || !isText(verify)) {
    throw new SheafError('BAD_FORMAT', 'a result has the fields bench, commit, node and verify')
  }
  return { bench, commit, node, verify, figures }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
