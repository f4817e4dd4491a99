/**
 * Large searches in a thread of their own: it is started for the first of them, ends when there was
 * none for a while, and dies with the node.
 */
import type { Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './solve-wire.ts'
import { startWorker } from './worker.ts'

/** A client that was told BUSY is back sooner. */
const REST_AFTER_MS = 10_000

export interface SolverEvents {
  found(token: number, proofs: Uint8Array[]): void
  /** The part of the proofs that is found, 0 to 1. */
  progress(token: number, share: number): void
  /** The thread failed: what it was at is lost, and there will be no other. */
  lost(): void
}

export interface Solver {
  begin(token: number, seed: Uint8Array, bid: number): void
  cancel(token: number): void
  close(): void
}

export function solverOf(events: SolverEvents): Solver {
  let worker: Worker | undefined
  let resting: NodeJS.Timeout | undefined
  const searching = new Set<number>()

  function start(): Worker {
    const started = startWorker('solve-worker')
    started.on('message', (message: FromWorker) => {
      if (message.type === 'progress') return events.progress(message.token, message.share)
      end(message.token)
      events.found(message.token, message.proofs)
    })
    const lose = (): void => {
      if (worker !== started) return
      worker = undefined
      events.lost()
    }
    started.on('error', lose)
    started.on('exit', lose)
    return started
  }

  function stop(): void {
    clearTimeout(resting)
    const stopped = worker
    worker = undefined
    void stopped?.terminate()
  }

  function end(token: number): void {
    searching.delete(token)
    if (searching.size === 0) resting = setTimeout(stop, REST_AFTER_MS).unref()
  }

  const say = (message: ToWorker): void => worker?.postMessage(message)
  return {
    begin(token, seed, bid) {
      clearTimeout(resting)
      searching.add(token)
      worker ??= start()
      say({ type: 'begin', token, seed: Uint8Array.from(seed), bid })
    },
    cancel(token) {
      say({ type: 'cancel', token })
      end(token)
    },
    close: stop,
  }
}
