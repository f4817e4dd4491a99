/**
 * What pages take on the disk: a daemon publishes them and is stopped; bytes of its home ÷ bytes of markdown.
 * The home is as it lies there: keys, index, logs and what the databases leave behind are in it.
 */

import { SheafError } from '../src/base/errors.ts'
import { startLocalNode } from '../src/cli/local-nodes.ts'
import type { StatusJson } from '../src/node/io/control/shapes.ts'
import { type Corpus, corpusFigures, loadCorpus } from './corpus.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { diskUse, diskUseByEntry } from './harness/disk-use.ts'
import { progress } from './harness/progress.ts'
import { onGround } from './harness/round.ts'

export const name = 'disk'
export const about = 'bytes on the disk after a clean stop, of a daemon that published 1,000 pages or tldr'

/** FIGURES: bytes on the disk ÷ bytes of markdown, at most. */
const LINES = { ratio4k: 0.6, ratioTldr: 2.2 }

export async function run({ dataDir }: BenchOptions): Promise<Figures> {
  const text = await measured(await loadCorpus('text', dataDir))
  if (dataDir === undefined) {
    const notMeasured = { ratioTldr: 'needs real pages: --data DIR' }
    return { ratio4k: text.ratio, ratioTldr: null, lines: LINES, text, notMeasured }
  }
  const tldr = await measured(await loadCorpus('tldr', dataDir))
  return { ratio4k: text.ratio, ratioTldr: tldr.ratio, lines: LINES, text, tldr, notMeasured: {} }
}

interface Measured extends Record<string, unknown> {
  ratio: number
}

async function measured(corpus: Corpus): Promise<Measured> {
  return await onGround(async ({ network, dir }) => {
    const node = await startLocalNode('node', {
      folder: dir,
      bootstrap: network.bootstrap,
      network: 'bench',
      signal: new AbortController().signal,
    })
    let blocks: StatusJson['stored']
    try {
      const lines = node.client.stream('/v1/publish', {
        method: 'POST',
        query: { patienceMs: 0 },
        lines: pagesOf(corpus),
      })
      let stored = 0
      for await (const { type } of lines) if (type === 'stored') stored++
      if (stored !== corpus.pages.length) {
        throw new SheafError('INTERNAL', `${stored} of ${corpus.pages.length} pages were stored`)
      }
      blocks = (await node.client.ask<StatusJson>('/v1/status')).stored
    } finally {
      await node.stop()
    }
    const bytes = await diskUse(node.home)
    const ratio = bytes / corpus.bytes
    progress(`${corpus.kind}: ${bytes} bytes on the disk, ${ratio.toFixed(3)} of the markdown`)
    return {
      ratio,
      diskBytes: bytes,
      blockBytes: blocks.bytes,
      blocks: blocks.blocks,
      byEntry: await diskUseByEntry(node.home),
      ...corpusFigures(corpus),
    }
  })
}

async function* pagesOf({ pages }: Corpus): AsyncGenerator<string> {
  for (const { path, markdown } of pages) yield `${JSON.stringify({ path, text: markdown })}\n`
}
