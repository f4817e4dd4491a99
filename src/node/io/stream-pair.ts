/** The two ends of an encrypted connection in one process: all of it but the network. */
import type { Duplex } from 'node:stream'
import NoiseSecretStream from '@hyperswarm/secret-stream'

interface KeyPair {
  publicKey: Uint8Array
  secretKey: Uint8Array
}

/** Resolves when both ends have shaken hands; they are in the order of the keys. */
export async function openStreamPair(
  from: KeyPair,
  to: KeyPair,
): Promise<[NoiseSecretStream, NoiseSecretStream]> {
  const dialling = new NoiseSecretStream(true, null, { keyPair: from, remotePublicKey: to.publicKey })
  const called = new NoiseSecretStream(false, null, { keyPair: to })
  for (const stream of [dialling, called]) stream.on('error', () => stream.destroy())
  const [out, back] = [rawOf(dialling), rawOf(called)]
  out.pipe(back).pipe(out)
  await Promise.all([dialling.opened, called.opened])
  return [dialling, called]
}

/** Without a socket below it, the raw stream of a secret stream is one to be piped. */
function rawOf({ rawStream }: NoiseSecretStream): Duplex {
  return rawStream as unknown as Duplex
}
