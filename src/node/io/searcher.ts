/**
 * Where the search engine is: in a worker with a heap of its own, which is there while somebody searches and is
 * ended when nobody has for a while. What is gone with it is made anew from the store before the next search:
 * 0.7 ms a page, several times what reading it from a file would take (docs/DECISIONS.md says why).
 */
import type { Worker } from 'node:worker_threads'
import { SheafError } from '../../base/errors.ts'
import type { SearchCall } from '../search/engine.ts'
import type { SearchAsk, SearchReply } from './search-worker.ts'
import { startWorker } from './worker.ts'

/** The engine's own bounds keep it below this by far; a bug of ours ends the worker and not the node. */
const HEAP_MB_MAX = 768
/** People search several times, one soon after the other. */
const REST_AFTER_MS = 5 * 60_000

export interface SearchAnswer {
  /** Another number where the engine began anew. */
  life: number
  answer: unknown
}

export interface Searcher {
  /** Throws BUSY where the worker ended before it answered. */
  ask(call: SearchCall): Promise<SearchAnswer>
  close(): Promise<void>
}

interface Waiting {
  life: number
  resolve(answer: SearchAnswer): void
  reject(error: unknown): void
}

export function startSearcher(restAfterMs: number = REST_AFTER_MS): Searcher {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let life = 0
  let nextNumber = 1
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function start(): Worker {
    life += 1
    const started = startWorker('search-worker', {}, { maxOldGenerationSizeMb: HEAP_MB_MAX })
    started.on('message', (reply: SearchReply) => {
      const one = waiting.get(reply.number)
      waiting.delete(reply.number)
      if (one === undefined) return
      if ('error' in reply)
        one.reject(new SheafError('INTERNAL', `the search engine: ${reply.error.message}`))
      else one.resolve({ life: one.life, answer: reply.answer })
    })
    started.on('error', () => end(started))
    started.on('exit', () => end(started))
    return started
  }

  function end(which: Worker): void {
    if (worker !== which) return
    worker = undefined
    const failed = [...waiting.values()]
    waiting.clear()
    for (const { reject } of failed) reject(new SheafError('BUSY', 'the search engine ended; ask again'))
  }

  function restSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(rest, restAfterMs).unref()
  }

  function rest(): void {
    if (waiting.size > 0) return restSoon()
    const resting = worker
    worker = undefined
    void resting?.terminate()
  }

  return {
    ask(call) {
      if (isClosed) return Promise.reject(new SheafError('CANCELLED', 'the node is stopping'))
      worker ??= start()
      restSoon()
      const to = worker
      return new Promise((resolve, reject) => {
        const number = nextNumber++
        waiting.set(number, { life, resolve, reject })
        to.postMessage({ number, call } satisfies SearchAsk)
      })
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      const last = worker
      if (last !== undefined) end(last)
      await last?.terminate()
    },
  }
}
