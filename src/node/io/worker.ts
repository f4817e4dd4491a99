/** Starts a worker that stands beside this file: as built, or from its TypeScript source in tests and benches. */
import { Worker } from 'node:worker_threads'

const FROM_SOURCE = import.meta.url.endsWith('.ts')

/** Does not keep the process alive. `workerData` must be plain data. */
export function startWorker(name: 'check-worker' | 'solve-worker', workerData: object = {}): Worker {
  const worker = FROM_SOURCE
    ? new Worker(new URL('../../../scripts/ts-worker.js', import.meta.url), {
        workerData: { ...workerData, source: new URL(`./${name}.ts`, import.meta.url).href },
      })
    : new Worker(new URL(`./${name}.js`, import.meta.url), { workerData })
  worker.unref()
  return worker
}
