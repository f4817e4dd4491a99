/** Starts a worker that stands beside this file: as built, or from its TypeScript source in tests and benches. */
import { type ResourceLimits, Worker } from 'node:worker_threads'

const FROM_SOURCE = import.meta.url.endsWith('.ts')

/** Does not keep the process alive. `workerData` must be plain data; a worker that outgrows its limits ends with an error. */
export function startWorker(
  name: 'check-worker' | 'render-worker' | 'search-worker' | 'solve-worker',
  workerData: object = {},
  resourceLimits: ResourceLimits = {},
): Worker {
  const worker = FROM_SOURCE
    ? new Worker(new URL('../../../scripts/ts-worker.js', import.meta.url), {
        workerData: { ...workerData, source: new URL(`./${name}.ts`, import.meta.url).href },
        resourceLimits,
      })
    : new Worker(new URL(`./${name}.js`, import.meta.url), { workerData, resourceLimits })
  worker.unref()
  return worker
}
