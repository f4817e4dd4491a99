/**
 * Where blocks are checked: a few at once in this thread, many in a worker beside it, so
 * that receiving and storing go on meanwhile. One worker: a second one does not help on
 * the machines that were measured.
 */
import type { Worker } from 'node:worker_threads'
import type { Network } from '../../base/network.ts'
import type { Verify } from '../../content/record.ts'
import { type Checked, type CheckRequest, checkItems } from '../checking.ts'
import { packRequest, unpackOutcomes } from './check-wire.ts'
import type { CheckWorkerData } from './check-worker.ts'
import { startWorker } from './worker.ts'

/** Fewer than this are checked sooner than a worker has heard of them. */
const WORKER_FROM = 8
/** With so much before it in the worker, a request is checked sooner here: the two threads share what arrives. */
const WAITING_MAX = 2

export interface Checker {
  check(request: CheckRequest): Checked[] | Promise<Checked[]>
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
  const waiting = new Map<number, { request: CheckRequest; resolve(outcomes: Checked[]): void }>()
  let nextNumber = 1
  const preparing = new Set<() => void>()
  let isLoaded = false
  /** A worker that failed is not tried again. */
  let isUsable = true
  let worker: Worker | undefined

  function start(): Worker {
    const workerData: CheckWorkerData = { network: network.name, puzzleBits: network.puzzleBits, crypto }
    const started = startWorker('check-worker', workerData)
    started.on('message', (packed: Uint8Array | null) => {
      if (packed === null) {
        isLoaded = true
        return tellPrepared()
      }
      const { number, outcomes } = unpackOutcomes(packed)
      waiting.get(number)?.resolve(outcomes)
      waiting.delete(number)
    })
    started.on('error', () => {
      isUsable = false
      end(started)
    })
    started.on('exit', () => end(started))
    return started
  }

  /** The worker is gone (out of memory, or closed): what it was asked, and all that follows, is checked in this thread. */
  function end(which: Worker): void {
    if (worker !== which) return
    worker = undefined
    isLoaded = false
    tellPrepared()
    for (const { request, resolve } of waiting.values()) resolve(checkItems(request, network, verify))
    waiting.clear()
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
    check(request) {
      const isSoonerHere = request.items.length < WORKER_FROM || waiting.size >= WAITING_MAX
      if (!isSoonerHere && isUsable) worker ??= start()
      if (worker === undefined || !isLoaded || isSoonerHere) return checkItems(request, network, verify)
      const to = worker
      return new Promise((resolve) => {
        const number = nextNumber++
        waiting.set(number, { request, resolve })
        const packed = packRequest(number, request)
        to.postMessage(packed, [packed.buffer])
      })
    },
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
