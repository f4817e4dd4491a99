/** `sheaf render`: a markdown file as HTML; it needs no node. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { PAGE_BYTES_MAX } from '../base/limits.ts'
import { htmlDocument, PAGE_SCHEME } from '../content/render/plain.ts'
import { normaliseMarkdown } from '../content/text.ts'
import { renderJson } from '../node/io/control/rendering.ts'
import { RENDER_DEADLINE_MS, type RenderOutcome, startRenderer } from '../node/io/renderer.ts'
import { type Cli, type CommonOptions, examples } from './cli.ts'
import { readPageFile } from './folder.ts'
import { tellRendered } from './rendered.ts'
import type { Shell } from './shell.ts'

interface RenderFlags extends CommonOptions {
  readonly page?: boolean
  readonly images?: boolean
}

/** Before a text is in normal form it may have a few bytes more. */
const INPUT_BYTES_MAX = 2 * PAGE_BYTES_MAX
/** Its thread is always a new one, which takes a moment to load. */
const DEADLINE_MS = 2 * RENDER_DEADLINE_MS

export function register(program: Command, cli: Cli): void {
  program
    .command('render')
    .summary('a markdown file as HTML; needs no node')
    .description(
      'Prints a markdown file as HTML that is safe to show to anybody: no scripts, no raw HTML, nothing that loads from elsewhere or leads to your own machine. Wiki links lead to the files beside it. A text that cannot be rendered in time is printed as it is, and the exit status tells.',
    )
    .argument('<FILE>', 'the file, or - for what is piped in')
    .option('--page', 'a whole page with a strict policy, not a fragment')
    .option('--images', 'show images, which tells the hosts that they come from')
    .option('--json', 'as one JSON object: html, headings, links')
    .addHelpText(
      'after',
      examples('sheaf render garden/bees.md', 'sheaf render garden/bees.md --page > bees.html'),
    )
    .action((file: string, options: RenderFlags) => render(cli, file, options))
}

async function render({ shell }: Cli, file: string, options: RenderFlags): Promise<void> {
  const text = Buffer.from((await readInput(shell, file)).bytes).toString()
  const images = options.images ? 'shown' : 'linked'
  const outcome = await inWorker(text, shell, images)
  const html = options.page
    ? htmlDocument({ title: outcome.toc[0]?.text ?? file, html: outcome.html, toc: outcome.toc, images })
    : `${outcome.html}\n`
  await tellRendered(shell, options, { ...renderJson(outcome), ...(options.page && { html }) }, html)
}

async function readInput(shell: Shell, file: string) {
  if (file === '-') return normaliseMarkdown(await shell.input(INPUT_BYTES_MAX))
  return readPageFile({ file, absolute: resolve(shell.cwd, file), path: file })
}

async function inWorker(text: string, shell: Shell, images: 'linked' | 'shown'): Promise<RenderOutcome> {
  const renderer = startRenderer({ deadlineMs: DEADLINE_MS })
  const leave = (): void => void renderer.close()
  shell.signal.addEventListener('abort', leave, { once: true })
  try {
    return await renderer.render(text, {
      page: undefined,
      pagePrefix: PAGE_SCHEME,
      images,
      relative: 'below',
    })
  } finally {
    shell.signal.removeEventListener('abort', leave)
    await renderer.close()
  }
}
