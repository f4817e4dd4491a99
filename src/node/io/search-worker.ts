/** The worker's side of `searcher.ts`: a search engine that answers calls in their order. */
import { parentPort } from 'node:worker_threads'
import { asSheafError } from '../../base/errors.ts'
import { type SearchCall, SearchEngine } from '../search/engine.ts'

export interface SearchAsk {
  number: number
  call: SearchCall
}

export type SearchReply = { number: number } & (
  | { answer: unknown }
  | { error: { code: string; message: string } }
)

if (parentPort !== null) {
  const port = parentPort
  const engine = new SearchEngine()
  port.on('message', ({ number, call }: SearchAsk) => port.postMessage(replyTo(engine, number, call)))
}

function replyTo(engine: SearchEngine, number: number, call: SearchCall): SearchReply {
  try {
    return { number, answer: engine.answer(call) }
  } catch (cause) {
    const { code, message } = asSheafError(cause)
    return { number, error: { code, message } }
  }
}
