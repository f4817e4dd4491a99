/** The lines that the benches are to reach, so that a report can say which figure does. */

export type Line = { readonly atLeast: number } | { readonly atMost: number }

/** By bench, then by the path of the figure within its JSON. */
const LINES: Readonly<Record<string, Readonly<Record<string, Line>>>> = {
  fetch: {
    'text.vsRpcLevel': { atLeast: 1.7 },
    'random.vsRpcLevel': { atLeast: 1.2 },
    'text5000.vsRpcLevel': { atLeast: 1.3 },
    'text.vsHypercore': { atLeast: 4 },
    'random.vsHypercore': { atLeast: 3 },
  },
  'fetch-small': {
    vsRpcLevel: { atLeast: 1.4 },
    vsHypercore: { atLeast: 4 },
  },
  cold: {
    vsHypercore: { atMost: 1 },
    cliMs: { atMost: 150 },
  },
  idle: {
    overHypercoreMb: { atMost: 60 },
    cpuPct: { atMost: 1 },
    kBps: { atMost: 5 },
  },
  session: {
    firstMs: { atMost: 15 },
    queryP50Ms: { atMost: 0.3 },
    queryP99Ms: { atMost: 3 },
  },
  publish: {
    vsHypercore: { atLeast: 2 },
    singleP50Ms: { atMost: 5 },
    heldP50Ms: { atMost: 60 },
  },
  count: {
    fixed100kMs: { atMost: 50 },
    exact100kMs: { atMost: 300 },
    exact8x30Ms: { atMost: 1000 },
    vsMeeksPrf: { atLeast: 10 },
  },
}

export function lineOf(bench: string, figure: string): Line | undefined {
  return LINES[bench]?.[figure]
}

export function reaches(line: Line, value: number): boolean {
  return 'atLeast' in line ? value >= line.atLeast : value <= line.atMost
}

/** `≥ 1.7` or `≤ 15`. */
export function showLine(line: Line): string {
  return 'atLeast' in line ? `≥ ${line.atLeast}` : `≤ ${line.atMost}`
}
