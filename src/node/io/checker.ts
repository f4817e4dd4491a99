/**
 * Where blocks are checked: a few at once in this thread, many in a worker beside it, so
 * that receiving and storing go on meanwhile. One worker: a second one does not help on
 * the machines that were measured.
 */
import { Worker } from 'node:worker_threads'
import type { Network } from '../../base/network.ts'
import type { Verify } from '../../content/record.ts'
import { type Checked, type CheckRequest, checkItems } from '../checking.ts'
import type { CheckMessage, CheckWorkerData } from './check-worker.ts'

const FROM_SOURCE = import.meta.url.endsWith('.ts')
const WORKER = FROM_SOURCE
  ? new URL('../../../scripts/ts-worker.js', import.meta.url)
  : new URL('./check-worker.js', import.meta.url)

/** Fewer than this are checked sooner than a worker has heard of them. */
const WORKER_FROM = 16

export interface Checker {
  check(request: CheckRequest): Checked[] | Promise<Checked[]>
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
  let worker: Worker | undefined = start()

  function start(): Worker {
    const source = new URL('./check-worker.ts', import.meta.url).href
    const workerData: CheckWorkerData & { source: string } = {
      source,
      network: network.name,
      puzzleBits: network.puzzleBits,
      crypto,
    }
    const started = new Worker(WORKER, { workerData })
    started.unref()
    started.on('message', ({ number, outcomes }: { number: number; outcomes: Checked[] }) => {
      waiting.get(number)?.resolve(outcomes)
      waiting.delete(number)
    })
    started.on('error', () => end(started))
    started.on('exit', () => end(started))
    return started
  }

  /** The worker is gone (out of memory, or closed): what it was asked, and all that follows, is checked in this thread. */
  function end(which: Worker): void {
    if (worker === which) worker = undefined
    for (const { request, resolve } of waiting.values()) resolve(checkItems(request, network, verify))
    waiting.clear()
  }

  return {
    check(request) {
      if (worker === undefined || request.items.length < WORKER_FROM)
        return checkItems(request, network, verify)
      const to = worker
      return new Promise((resolve) => {
        const number = nextNumber++
        waiting.set(number, { request, resolve })
        to.postMessage({ number, request: packed(request) } satisfies CheckMessage)
      })
    },
    async close() {
      await worker?.terminate()
    },
  }
}

/** The same request with its blocks copied side by side: one buffer is cloned once, views of a larger one each with all of it. */
function packed(request: CheckRequest): CheckRequest {
  const length = request.items.reduce((sum, { id, bytes }) => sum + id.byteLength + bytes.byteLength, 0)
  const buffer = new Uint8Array(length)
  let end = 0
  const put = (bytes: Uint8Array): Uint8Array => {
    buffer.set(bytes, end)
    end += bytes.byteLength
    return buffer.subarray(end - bytes.byteLength, end)
  }
  const own = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
  return {
    ...request,
    items: request.items.map(({ id, bytes, pieceAt }) => ({
      id: put(id),
      bytes: put(bytes),
      pieceAt: pieceAt && own(pieceAt),
    })),
    keys: request.keys.map(({ id, entity, publicKey }) => ({
      id: own(id),
      entity: own(entity),
      publicKey: own(publicKey),
    })),
  }
}
