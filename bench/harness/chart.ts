/** A bench's figures as a picture: horizontal bars, a group for each kind of work, as an SVG that needs nothing else. */

import type { BenchResult } from './result.ts'
import { significant } from './statistics.ts'
import { sideFigures } from './table.ts'

export interface Bar {
  readonly group: string
  readonly label: string
  readonly value: number
}

/** The figures of the sides that make a picture, by bench. */
const CHARTED: Readonly<Record<string, { title: string; figures: readonly string[] }>> = {
  fetch: { title: 'pages fetched a second', figures: ['pagesPerS'] },
  session: { title: 'milliseconds from the connection to the first result', figures: ['firstMs'] },
  publish: { title: 'pages imported a second', figures: ['importPerS', 'batchPerS', 'singlePerS'] },
}

const WIDTH = 640
const LABEL_WIDTH = 190
const VALUE_WIDTH = 70
const BAR_HEIGHT = 18
const ROW_HEIGHT = 24
const GROUP_GAP = 14
const TITLE_HEIGHT = 34
/** Sheaf stands out; the alternatives share a colour. */
const COLOURS = { sheaf: '#2f6f4f', other: '#9aa7b0' }

/** The picture of a result; undefined for a bench without sides to draw. */
export function resultChart(result: BenchResult): string | undefined {
  const charted = CHARTED[result.bench]
  if (charted === undefined) return undefined
  const bars = sideFigures(result.figures).flatMap(({ at, sides }) =>
    Object.entries(sides).flatMap(([name, fields]) =>
      charted.figures.flatMap((figure): Bar[] => {
        const value = fields[figure]
        if (typeof value !== 'number') return []
        const label = charted.figures.length === 1 ? name : `${name}, ${figure.replace('PerS', '')}`
        return [{ group: at, label, value }]
      }),
    ),
  )
  return bars.length === 0 ? undefined : barChart(`${result.bench}: ${charted.title}`, bars)
}

/** Bars in the order given, scaled to the longest; a gap where the group changes. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest
  let top = TITLE_HEIGHT
  const rows = bars.map((bar, index) => {
    if (index > 0 && bar.group !== bars[index - 1]!.group) top += GROUP_GAP
    const row = drawBar(bar, top, bar.value * scale)
    top += ROW_HEIGHT
    return row
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top + GROUP_GAP}" font-family="sans-serif" font-size="13">`,
    `<text x="0" y="18" font-weight="bold">${escapeXml(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function drawBar({ group, label, value }: Bar, top: number, length: number): string {
  const name = group === '' ? label : `${group}, ${label}`
  const colour = label.startsWith('sheaf') ? COLOURS.sheaf : COLOURS.other
  const textTop = top + BAR_HEIGHT - 5
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${textTop}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" fill="${colour}"/>`,
    `<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${textTop}">${significant(value)}</text>`,
  ].join('')
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
