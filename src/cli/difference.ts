/** A difference for people: unified, in colour where a terminal shows it and nobody set NO_COLOR. */
import { type Difference, hunkHead } from '../content/diff.ts'
import type { Conflict } from '../content/merge3.ts'
import type { Shell } from './shell.ts'
import { harmless, oneLine } from './shown.ts'

const COLOURS = { removed: 31, added: 32, context: 0, hunk: 36, head: 1 } as const
const SIGNS = { removed: '-', added: '+', context: ' ' } as const

/** Empty where nothing differs. */
export function differenceText(
  shell: Shell,
  { hunks }: Difference,
  names: { before: string; after: string },
): string {
  if (hunks.length === 0) return ''
  const isTerminal = shell.isOutTerminal
  const isColoured = isTerminal && (shell.env.NO_COLOR ?? '') === ''
  const paint = (text: string, how: keyof typeof COLOURS): string =>
    isColoured && COLOURS[how] !== 0 ? `\u001b[${COLOURS[how]}m${text}\u001b[0m` : text
  const lines = [paint(`--- ${oneLine(names.before)}`, 'head'), paint(`+++ ${oneLine(names.after)}`, 'head')]
  for (const hunk of hunks) {
    lines.push(paint(hunkHead(hunk).trimEnd(), 'hunk'))
    for (const { type, text } of hunk.lines) {
      const line = text.endsWith('\n') ? text.slice(0, -1) : text
      lines.push(paint(`${SIGNS[type]}${isTerminal ? harmless(line) : line}`, type))
      if (!text.endsWith('\n')) lines.push('\\ No newline at end of file')
    }
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** The conflicts of a merged text, each with the lines that it is about. */
export function conflictsText(shell: Shell, text: string, conflicts: readonly Conflict[]): string {
  const lines = text.split('\n')
  return conflicts
    .map(({ firstLine, lastLine }) => {
      const shown = `${lines.slice(firstLine - 1, lastLine).join('\n')}\n`
      return `@@ conflict in line ${firstLine} @@\n${shell.isOutTerminal ? harmless(shown) : shown}`
    })
    .join('')
}
