/** The worker's side of `checker.ts`: checks what it is sent, and answers with the outcomes. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadCrypto, VerifiedSignatures } from '../../base/crypto.ts'
import { networkOf } from '../../base/network.ts'
import { type CheckRequest, checkItems } from '../checking.ts'

/** What the worker is started with. */
export interface CheckWorkerData {
  network: string
  puzzleBits: number
  crypto: 'native' | 'noble'
}

export interface CheckMessage {
  number: number
  request: CheckRequest
}

if (parentPort !== null) {
  const port = parentPort
  const data = workerData as CheckWorkerData
  const network = networkOf(data.network, data.puzzleBits)
  const signatures = new VerifiedSignatures(loadCrypto(data.crypto))
  const verify = signatures.verify.bind(signatures)
  port.on('message', ({ number, request }: CheckMessage) => {
    port.postMessage({ number, outcomes: checkItems(request, network, verify) })
  })
}
