/**
 * Exporting over the control API, as fast as the reader takes it: the list of the space first, then
 * its pages a window at a time. The next window is fetched when the last one has been taken.
 *
 *     list ──▶ window ──▶ pages, as they come ──▶ window ──▶ … ──▶ done
 */
import { asSheafError } from '../../../base/errors.ts'
import type { Space } from '../../../content/space.ts'
import type { ExportedPage, ExportSummary, ListedPage, NodeApi } from '../../commands.ts'
import { pushed } from './pushed.ts'
import { exportDoneJson, exportedJson } from './shapes.ts'

/** Text that a window should hold: enough to keep several peers busy. */
const WINDOW_BYTES = 16 * 1024 * 1024
/** So many pages of the longest kind are far below what may wait. */
const WINDOW_PAGES_MIN = 16
const WINDOW_PAGES_MAX = 512
/** What may wait for the reader: above it a window is taken back and tried in smaller ones. */
const WAITING_BYTES_MAX = 128 * 1024 * 1024
const PAGE_OVERHEAD_BYTES = 1024

export async function* exportLines(api: NodeApi, space: Space, untilMs: number): AsyncGenerator<object> {
  let left = await api.run({ type: 'list', space, untilMs })
  const whole: ExportSummary = { pages: left.length, found: 0, missing: [] }
  let size = WINDOW_PAGES_MIN * 4
  while (left.length > 0) {
    const window = left.slice(0, size)
    const taken = new Set<string>()
    let bytes = 0
    const pages = pagesOf(api, space, window, untilMs)
    try {
      for (;;) {
        const { done, value } = await pages.next()
        if (done) {
          whole.missing.push(...value.missing)
          break
        }
        taken.add(value.path)
        bytes += value.text.byteLength
        yield exportedJson(value)
      }
      left = left.slice(window.length)
      size = sizeFor(bytes / Math.max(1, taken.size))
    } catch (error) {
      if (asSheafError(error).code !== 'BUSY' || window.length <= WINDOW_PAGES_MIN) throw error
      // What was fetched is on our shelf by now, and is read from there.
      left = left.filter(({ path }) => !taken.has(path))
      size = WINDOW_PAGES_MIN
    }
    whole.found += taken.size
  }
  yield exportDoneJson(whole)
}

function pagesOf(
  api: NodeApi,
  space: Space,
  pages: ListedPage[],
  untilMs: number,
): AsyncGenerator<ExportedPage, ExportSummary> {
  return pushed<ExportedPage, ExportSummary>(
    (push) =>
      api.run({ type: 'export', space, pages, untilMs }, (value) => {
        if ('text' in value) push(value)
      }),
    { bytesMax: WAITING_BYTES_MAX, bytesOf: ({ text }) => text.byteLength + PAGE_OVERHEAD_BYTES },
  )
}

/** As many pages as make a window, where they are as long as those before. */
function sizeFor(pageBytes: number): number {
  const pages = Math.floor(WINDOW_BYTES / Math.max(1, pageBytes))
  return Math.min(WINDOW_PAGES_MAX, Math.max(WINDOW_PAGES_MIN, pages))
}
