/** Starts a worker from TypeScript source, for tests and benches; what is built starts its .js files itself. */
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.source)
