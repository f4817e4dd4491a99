/**
 * Where pages become HTML: in a thread beside this one, one after the other, each within a deadline and
 * with so much memory. A text that needs more ends its thread, not the program, and is shown as it is.
 */
import type { Worker } from 'node:worker_threads'
import { SheafError } from '../../base/errors.ts'
import { plainHtml } from '../../content/render/plain.ts'
import type { Rendered, RenderOptions } from '../../content/render/render.ts'
import type { FromRenderer, ToRender } from './render-worker.ts'
import { startWorker } from './worker.ts'

/**
 * From asking to the answer, waiting and loading within it: twice what the longest text takes, on a machine that
 * has other work. Of a text that others wait behind it is half, so that they have the other half.
 */
export const RENDER_DEADLINE_MS = 4_000
/** A thread that has not loaded by then will not. */
const LOAD_WITHIN_MS = 30_000
/** Ten times what the tree of a long page takes. */
const MEMORY_MB = 512
/** Of it, where what is new lies; and what the libraries may call themselves with. */
const MEMORY = { maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }
/** Texts that wait; with this many before it one is not ready before its reader has gone. */
const WAITING_MAX = 32
/** A thread that nobody needs goes. */
const REST_AFTER_MS = 30_000

/** The page; where there is a problem, its text as it is. */
export type RenderOutcome = Rendered & { problem: SheafError | undefined }

export interface Renderer {
  /** Never throws: TOO_LARGE, TIMEOUT, BUSY and CANCELLED are told as the problem. */
  render(markdown: string, options: RenderOptions): Promise<RenderOutcome>
  close(): Promise<void>
}

interface Job extends ToRender {
  timer: NodeJS.Timeout
  done(rendered: Rendered): void
  failed(problem: SheafError): void
}

export interface RendererOptions {
  deadlineMs?: number
  /** How long a text is rendered that others wait behind. */
  shareMs?: number
  memoryMb?: number
}

export function startRenderer({
  deadlineMs = RENDER_DEADLINE_MS,
  shareMs = deadlineMs / 2,
  memoryMb = MEMORY_MB,
}: RendererOptions = {}): Renderer {
  const waiting: Job[] = []
  let worker: Worker | undefined
  let isLoaded = false
  let current: Job | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function start(): Worker {
    const started = startWorker('render-worker', {}, { ...MEMORY, maxOldGenerationSizeMb: memoryMb })
    started.on('message', (message: FromRenderer) => {
      if (worker === started) hear(message)
    })
    started.on('error', (error: NodeJS.ErrnoException) => end(started, failureOf(error, memoryMb)))
    started.on('exit', () => end(started, new SheafError('INTERNAL', 'the thread that renders has ended')))
    clearTimeout(timer)
    timer = setTimeout(
      () => stop(new SheafError('TIMEOUT', 'the thread that renders did not load')),
      LOAD_WITHIN_MS,
    )
    return started
  }

  function hear(message: FromRenderer): void {
    clearTimeout(timer)
    const job = current
    current = undefined
    clearTimeout(job?.timer)
    if (message.type === 'loaded') isLoaded = true
    else if (message.type === 'rendered') job?.done(message.rendered)
    else job?.failed(new SheafError(message.code, message.message))
    next()
  }

  function next(): void {
    if (current !== undefined || isClosed) return
    if (waiting.length === 0) {
      if (worker !== undefined && isLoaded) timer = setTimeout(() => stop(), REST_AFTER_MS).unref()
      return
    }
    worker ??= start()
    if (!isLoaded) return
    clearTimeout(timer)
    current = waiting.shift()!
    const { markdown, options } = current
    // a text in whose way nobody stands may take all of its time
    timer = setTimeout(() => waiting.length > 0 && stop(overdue(shareMs)), shareMs)
    worker.postMessage({ markdown, options } satisfies ToRender)
  }

  /** Its time is over: a thread that is at it goes, one that is at another goes on. */
  function expire(job: Job): void {
    if (job === current) return stop(overdue(deadlineMs))
    waiting.splice(waiting.indexOf(job), 1)
    job.failed(overdue(deadlineMs))
  }

  function overdue(withinMs: number): SheafError {
    return new SheafError('TIMEOUT', `not rendered within ${withinMs} ms`)
  }

  /** Ends the thread, and what it is at with this problem. */
  function stop(problem?: SheafError): void {
    const stopped = worker
    if (stopped === undefined) return
    void stopped.terminate()
    end(stopped, problem)
  }

  function end(which: Worker, problem?: SheafError): void {
    if (worker !== which) return
    clearTimeout(timer)
    // where it did not even load, the first that waits is told, so that no text starts threads for ever
    const job = current ?? (isLoaded ? undefined : waiting.shift())
    worker = undefined
    current = undefined
    isLoaded = false
    clearTimeout(job?.timer)
    if (job !== undefined && problem !== undefined) job.failed(problem)
    next()
  }

  return {
    render(markdown, options) {
      const plain = (problem: SheafError): RenderOutcome => ({
        html: plainHtml(markdown),
        toc: [],
        links: [],
        problem,
      })
      if (isClosed) return Promise.resolve(plain(new SheafError('CANCELLED', 'the program is stopping')))
      if (waiting.length >= WAITING_MAX) {
        return Promise.resolve(plain(new SheafError('BUSY', `${WAITING_MAX} texts wait to be rendered`)))
      }
      return new Promise((resolve) => {
        const job: Job = {
          markdown,
          options,
          timer: setTimeout(() => expire(job), deadlineMs),
          done: (rendered) => resolve({ ...rendered, problem: undefined }),
          failed: (problem) => resolve(plain(problem)),
        }
        waiting.push(job)
        next()
      })
    },
    async close() {
      isClosed = true
      const problem = new SheafError('CANCELLED', 'the program is stopping')
      const stopped = worker
      for (const job of waiting.splice(0)) {
        clearTimeout(job.timer)
        job.failed(problem)
      }
      stop(problem)
      await stopped?.terminate()
    },
  }
}

function failureOf(error: NodeJS.ErrnoException, memoryMb: number): SheafError {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new SheafError('TOO_LARGE', `needs more than ${memoryMb} MiB to be rendered`, {
        cause: error,
      })
    : new SheafError('INTERNAL', error.message, { cause: error })
}
