/** The worker's side of `checker.ts`: does what it is sent, and answers with what came of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadCrypto, VerifiedSignatures } from '../../base/crypto.ts'
import { networkOf } from '../../base/network.ts'
import { cutText } from '../../content/piece.ts'
import { checkItems } from '../checking.ts'
import { packOutcomes, unpackRequest } from './check-wire.ts'
import { packCuts, unpackTexts } from './cut-wire.ts'

/** What the worker is started with. */
export interface CheckWorkerData {
  network: string
  puzzleBits: number
  crypto: 'native' | 'noble'
}

/** What goes to the worker and comes back: a request to check or to cut, its answer. */
export interface WorkerMessage {
  job: 'check' | 'cut'
  packed: Uint8Array<ArrayBuffer>
}

/** The first message: from here on it answers at once. */
export const LOADED: null = null

if (parentPort !== null) {
  const port = parentPort
  const data = workerData as CheckWorkerData
  const network = networkOf(data.network, data.puzzleBits)
  const signatures = new VerifiedSignatures(loadCrypto(data.crypto))
  const verify = signatures.verify.bind(signatures)

  const check = (packed: Uint8Array): Uint8Array<ArrayBuffer> => {
    const { number, request } = unpackRequest(packed)
    return packOutcomes(number, checkItems(request, network, verify))
  }
  const cut = (packed: Uint8Array): Uint8Array<ArrayBuffer> => {
    const { number, texts } = unpackTexts(packed)
    return packCuts(number, texts.map(cutText))
  }
  port.on('message', ({ job, packed }: WorkerMessage) => {
    const answer: WorkerMessage = { job, packed: job === 'check' ? check(packed) : cut(packed) }
    port.postMessage(answer, [answer.packed.buffer])
  })
  port.postMessage(LOADED)
}
