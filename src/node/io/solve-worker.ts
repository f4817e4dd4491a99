/** The worker's side of `solver.ts`: searches in slices, so that it hears of what is no longer wanted. */
import { parentPort } from 'node:worker_threads'
import { Search } from '../work.ts'
import { Searches } from './searches.ts'
import type { FromWorker, ToWorker } from './solve-wire.ts'

if (parentPort !== null) {
  const port = parentPort
  const say = (message: FromWorker): void => port.postMessage(message)
  const searches = new Searches({
    found: (token, proofs) => say({ type: 'found', token, proofs }),
    progress: (token, share) => say({ type: 'progress', token, share }),
  })
  port.on('message', (message: ToWorker) => {
    if (message.type === 'cancel') searches.cancel(message.token)
    else searches.begin(message.token, undefined, new Search(message.seed, message.bid))
  })
}
