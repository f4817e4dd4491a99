/**
 * Where blocks are checked, and texts cut and compressed: a few at once in this thread, many in a worker beside it, so
 * that receiving, signing and storing go on meanwhile. One worker: a second one does not help on
 * the machines that were measured.
 */
import type { Worker } from 'node:worker_threads'
import type { Network } from '../../base/network.ts'
import { type CutText, cutText } from '../../content/piece.ts'
import type { Verify } from '../../content/record.ts'
import { type Checked, type CheckRequest, checkItems } from '../checking.ts'
import { packRequest, unpackOutcomes } from './check-wire.ts'
import type { CheckWorkerData, WorkerMessage } from './check-worker.ts'
import { packTexts, unpackCuts } from './cut-wire.ts'
import { startWorker } from './worker.ts'

/** Fewer blocks, or texts, than this are done sooner than a worker has heard of them. */
const WORKER_FROM = 8
/** With so much before it in the worker, a request is answered sooner here: the two threads share what arrives. */
const WAITING_MAX = 2

export interface Checker {
  check(request: CheckRequest): Checked[] | Promise<Checked[]>
  /** Cuts texts that are in normal form. */
  cut(texts: readonly Uint8Array[]): CutText[] | Promise<CutText[]>
  /** Starts the worker before it is needed; resolves when it has loaded, or will not. */
  prepare(): Promise<void>
  /** Ends the worker where it has nothing to do; the next large request starts another. */
  rest(): Promise<void>
  close(): Promise<void>
}

export function startChecker(options: {
  network: Network
  crypto: 'native' | 'noble'
  verify: Verify
}): Checker {
  const { network, crypto, verify } = options
  const waiting = new Map<number, Waiting>()
  let nextNumber = 1
  const preparing = new Set<() => void>()
  let isLoaded = false
  /** A worker that failed is not tried again. */
  let isUsable = true
  let worker: Worker | undefined

  function start(): Worker {
    const workerData: CheckWorkerData = { network: network.name, puzzleBits: network.puzzleBits, crypto }
    const started = startWorker('check-worker', workerData)
    started.on('message', (message: WorkerMessage | null) => {
      if (message === null) {
        isLoaded = true
        return tellPrepared()
      }
      const { number, result } = ANSWERS[message.job](message.packed)
      waiting.get(number)?.resolve(result)
      waiting.delete(number)
    })
    started.on('error', () => {
      isUsable = false
      end(started)
    })
    started.on('exit', () => end(started))
    return started
  }

  /** The worker is gone (out of memory, or closed): what it was asked, and all that follows, is done in this thread. */
  function end(which: Worker): void {
    if (worker !== which) return
    worker = undefined
    isLoaded = false
    tellPrepared()
    for (const { here, resolve } of waiting.values()) resolve(here())
    waiting.clear()
  }

  /** Does in this thread what the worker would not have done sooner, or cannot. */
  function ask<T>({ job, size, pack, here }: Job<T>): T | Promise<T> {
    const isSoonerHere = size < WORKER_FROM || waiting.size >= WAITING_MAX
    if (!isSoonerHere && isUsable) worker ??= start()
    if (worker === undefined || !isLoaded || isSoonerHere) return here()
    const to = worker
    return new Promise<T>((resolve) => {
      const number = nextNumber++
      waiting.set(number, { here, resolve: resolve as (result: unknown) => void })
      const message: WorkerMessage = { job, packed: pack(number) }
      to.postMessage(message, [message.packed.buffer])
    })
  }

  function tellPrepared(): void {
    for (const resolve of preparing) resolve()
    preparing.clear()
  }

  return {
    async prepare() {
      if (isLoaded || !isUsable) return
      worker ??= start()
      await new Promise<void>((resolve) => preparing.add(resolve))
    },
    check: (request) =>
      ask({
        job: 'check',
        size: request.items.length,
        pack: (number) => packRequest(number, request),
        here: () => checkItems(request, network, verify),
      }),
    cut: (texts) =>
      ask({
        job: 'cut',
        size: texts.length,
        pack: (number) => packTexts(number, texts),
        here: () => texts.map(cutText),
      }),
    async rest() {
      if (waiting.size > 0 || !isLoaded) return
      const resting = worker
      worker = undefined
      isLoaded = false
      await resting?.terminate()
    },
    async close() {
      isUsable = false
      await worker?.terminate()
    },
  }
}

/** A request that may go to the worker. */
interface Job<T> {
  job: WorkerMessage['job']
  /** Blocks or texts. */
  size: number
  pack(number: number): Uint8Array<ArrayBuffer>
  here(): T
}

interface Waiting {
  here(): unknown
  resolve(result: unknown): void
}

/** What the worker's answers say. */
const ANSWERS: Record<WorkerMessage['job'], (packed: Uint8Array) => { number: number; result: unknown }> = {
  check(packed) {
    const { number, outcomes } = unpackOutcomes(packed)
    return { number, result: outcomes }
  },
  cut(packed) {
    const { number, cuts } = unpackCuts(packed)
    return { number, result: cuts }
  },
}
