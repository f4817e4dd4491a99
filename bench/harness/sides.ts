/** Which sides there are, where their modules lie, and why one cannot be measured here. */

import { existsSync } from 'node:fs'
import type { Side } from './side.ts'

export type SideName = 'sheaf' | 'rpc-level' | 'hypercore'

const SIDE_FILES: Record<SideName, string> = {
  sheaf: '../sheaf/side.ts',
  'rpc-level': '../alternatives/rpc-level/side.ts',
  hypercore: '../alternatives/hypercore/side.ts',
}

/** A side that runs on this machine; `url` is what a child process imports. */
export interface PresentSide {
  readonly name: SideName
  readonly url: string
  readonly side: Side
}

export interface Sides {
  /** In the order in which they take their turns. */
  readonly present: readonly PresentSide[]
  /** The reason for each side that cannot be measured: said in the JSON, never dropped in silence. */
  readonly notMeasured: Readonly<Partial<Record<SideName, string>>>
}

export async function findSides(names: readonly SideName[]): Promise<Sides> {
  const present: PresentSide[] = []
  const notMeasured: Partial<Record<SideName, string>> = {}
  for (const name of names) {
    const url = new URL(SIDE_FILES[name], import.meta.url)
    if (!existsSync(url)) {
      notMeasured[name] = `there is no ${SIDE_FILES[name].replace('..', 'bench')}`
      continue
    }
    const { side } = (await import(url.href)) as { side: Side }
    const reason = side.missing()
    if (reason === undefined) present.push({ name, url: url.href, side })
    else notMeasured[name] = reason
  }
  return { present, notMeasured }
}
