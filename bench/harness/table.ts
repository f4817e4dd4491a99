/** A bench's figures as markdown: each figure with its line, then the sides next to each other. */

import { lineOf, reaches, showLine } from './lines.ts'
import type { BenchResult } from './result.ts'
import { significant } from './statistics.ts'

type Fields = Readonly<Record<string, unknown>>

/** What one kind of work measured of every side: `at` is '' or the name of the kind. */
export interface SideFigures {
  readonly at: string
  readonly sides: Readonly<Record<string, Fields>>
}

export function resultTable({ bench, commit, node, verify, figures }: BenchResult): string {
  const rows = flatten(figures).map(([figure, value]) => {
    const line = lineOf(bench, figure)
    const reached = line === undefined || typeof value !== 'number' ? '' : reaches(line, value) ? 'yes' : 'no'
    return [figure, show(value), line === undefined ? '' : showLine(line), reached]
  })
  const parts = [
    `## ${bench}`,
    `commit ${commit}, Node ${node}, verification ${verify}`,
    table(['figure', 'value', 'line', 'reached'], rows),
    ...sideFigures(figures).map(sideTable),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Every `sides` object among the figures, with the path that leads to it. */
export function sideFigures(figures: Fields): SideFigures[] {
  return Object.entries(figures).flatMap(([key, value]) => {
    if (!isFields(value)) return []
    if (key === 'sides') return [{ at: '', sides: value as SideFigures['sides'] }]
    return sideFigures(value).map(({ at, sides }) => ({ at: at === '' ? key : `${key}.${at}`, sides }))
  })
}

/** `[path, value]` of each figure that is not an object, without those of the sides. */
function flatten(figures: Fields): [string, unknown][] {
  return Object.entries(figures).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'sides') return []
    if (!isFields(value)) return [[key, value]]
    return flatten(value).map(([path, inner]) => [`${key}.${path}`, inner])
  })
}

function sideTable({ at, sides }: SideFigures): string {
  const names = Object.keys(sides)
  const rows = new Map<string, string[]>()
  for (const [column, name] of names.entries()) {
    for (const [figure, value] of flatten(sides[name]!)) {
      const row = rows.get(figure) ?? names.map(() => '')
      row[column] = show(value)
      rows.set(figure, row)
    }
  }
  return table(
    [at === '' ? 'side' : at, ...names],
    [...rows].map(([figure, cells]) => [figure, ...cells]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'not measured'
  if (Array.isArray(value)) return value.map(show).join(', ')
  if (typeof value === 'number' && !Number.isInteger(value)) return String(significant(value))
  return String(value)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
