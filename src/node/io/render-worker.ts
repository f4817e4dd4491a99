/** The worker's side of `renderer.ts`: renders what it is sent, one text after the other. */
import { parentPort } from 'node:worker_threads'
import { asSheafError, type ErrorCode } from '../../base/errors.ts'
import { type Rendered, type RenderOptions, renderMarkdown } from '../../content/render/render.ts'

export interface ToRender {
  markdown: string
  options: RenderOptions
}

/** What came of it, or `loaded`: from here on it answers at once. */
export type FromRenderer =
  | { type: 'loaded' }
  | { type: 'rendered'; rendered: Rendered }
  | { type: 'failed'; code: ErrorCode; message: string }

if (parentPort !== null) {
  const port = parentPort
  const say = (message: FromRenderer): void => port.postMessage(message)
  port.on('message', ({ markdown, options }: ToRender) => {
    try {
      say({ type: 'rendered', rendered: renderMarkdown(markdown, options) })
    } catch (error) {
      const { code, message } = asSheafError(error)
      say({ type: 'failed', code, message })
    }
  })
  say({ type: 'loaded' })
}
