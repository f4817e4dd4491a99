/** What the commands that render say: HTML or JSON, and the failure where the text is shown as it is. */
import type { RenderedJson } from '../node/io/control/rendering.ts'
import { type CommonOptions, jsonLine } from './cli.ts'
import type { Shell } from './shell.ts'
import { harmless } from './shown.ts'

/** Prints `html`, or `json` whole. Throws the problem, if there was one, after what could be shown all the same. */
export async function tellRendered(
  shell: Shell,
  options: CommonOptions,
  json: Pick<RenderedJson, 'html' | 'toc' | 'links' | 'problem'>,
  html: string,
): Promise<void> {
  if (options.json) await shell.out(jsonLine(json))
  else await shell.out(shell.isOutTerminal ? harmless(html) : html)
  if (json.problem === null) return
  const { SheafError } = await import('../base/errors.ts')
  throw new SheafError(json.problem.code, json.problem.message, {
    hint: 'what was printed is the text as it is',
  })
}
