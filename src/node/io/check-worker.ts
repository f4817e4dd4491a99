/** The worker's side of `checker.ts`: checks what it is sent, and answers with the outcomes. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadCrypto, VerifiedSignatures } from '../../base/crypto.ts'
import { networkOf } from '../../base/network.ts'
import { checkItems } from '../checking.ts'
import { packOutcomes, unpackRequest } from './check-wire.ts'

/** What the worker is started with. */
export interface CheckWorkerData {
  network: string
  puzzleBits: number
  crypto: 'native' | 'noble'
}

/** The first message: from here on it answers at once. */
export const LOADED: null = null

if (parentPort !== null) {
  const port = parentPort
  const data = workerData as CheckWorkerData
  const network = networkOf(data.network, data.puzzleBits)
  const signatures = new VerifiedSignatures(loadCrypto(data.crypto))
  const verify = signatures.verify.bind(signatures)
  port.on('message', (packed: Uint8Array) => {
    const { number, request } = unpackRequest(packed)
    const answer = packOutcomes(number, checkItems(request, network, verify))
    port.postMessage(answer, [answer.buffer])
  })
  port.postMessage(LOADED)
}
