/** How things look to a person: strangers' words made harmless, ages, sizes, columns. */

/** What a terminal would obey rather than show, and what turns text around. Tabs and line ends are text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A stranger's text for a terminal: each control character becomes `\u{1b}`. */
export function harmless(text: string): string {
  return text.replace(OBEYED, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** The same for text that has to stay in one line. */
export function oneLine(text: string): string {
  return harmless(text.replace(/[\r\n\t]+/g, ' '))
}

/** `3 min ago`. */
export function ago(thenMs: number, nowMs: number): string {
  return `${duration(nowMs - thenMs)} ago`
}

/** `3 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

/** A claimed time may be any number of six bytes, more than a Date can say. */
export function timeText(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? `at ${timeMs}` : date.toISOString().slice(0, 19).replace('T', ' ')
}

/** A clock that is off by more than this is worth a person's time. */
const CLOCK_OFF_MS = 60_000

/** `5 min ahead of 3 peers`; undefined where it goes right, or nobody has told. */
export function clockText(clock: { aheadMs: number; peers: number } | null | undefined): string | undefined {
  // a daemon that was started before an upgrade says nothing of it
  if (clock == null || Math.abs(clock.aheadMs) <= CLOCK_OFF_MS) return undefined
  const off = duration(Math.abs(clock.aheadMs))
  return `${off} ${clock.aheadMs > 0 ? 'ahead of' : 'behind'} ${count(clock.peers, 'peer')}`
}

/** `2026-11-21`; a time that no calendar has, as a number. */
export function dayText(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? `at ${timeMs}` : date.toISOString().slice(0, 10)
}

/** `1.5 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Rows with their columns aligned, a line each; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}
