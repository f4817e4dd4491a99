/** Pages as HTML. */
import { readUtf8 } from '../../../base/codec.ts'
import { SheafError } from '../../../base/errors.ts'
import { PAGE_SCHEME } from '../../../content/render/plain.ts'
import type { GotPage } from '../../commands.ts'
import type { Renderer, RenderOutcome } from '../renderer.ts'
import { pageJson } from './shapes.ts'

export type RenderedJson = Awaited<ReturnType<typeof renderPage>>

/** What GET /v1/get tells, with the text as HTML. `images` is what the caller wrote. */
export async function renderPage(page: GotPage, renderer: Renderer, images: string = 'linked') {
  if (images !== 'linked' && images !== 'shown') {
    throw new SheafError('BAD_ARGUMENT', 'images are linked or shown')
  }
  const { text: _, ...fields } = pageJson(page)
  const outcome = await renderer.render(readUtf8(page.text), {
    page: page.page,
    pagePrefix: PAGE_SCHEME,
    images,
    relative: 'below',
  })
  return { ...fields, ...renderJson(outcome) }
}

export function renderJson({ html, toc, links, problem }: RenderOutcome) {
  return {
    html,
    toc,
    links: links.map(({ target, section, shown, isEmbed, page: to }) => ({
      target,
      section: section ?? null,
      shown: shown ?? null,
      isEmbed,
      page: to ?? null,
    })),
    problem: problem === undefined ? null : { code: problem.code, message: problem.message },
  }
}
