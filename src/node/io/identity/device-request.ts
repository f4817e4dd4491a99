/** What a machine keeps between asking to become one of an entity's and being let in: `device-request.json`, mode 0600. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { DEVICE_SEED_BYTES, deviceKeyPair } from '../../../base/crypto.ts'
import { SheafError } from '../../../base/errors.ts'
import { INCARNATION_BYTES } from '../../../base/keys.ts'
import { NETWORK_NAME, type Network, PUZZLE_BITS_MAX } from '../../../base/network.ts'
import type { Random } from '../../../base/random.ts'
import { refuseForeign } from '../paths.ts'
import { writeNewPrivateFile } from '../private-file.ts'
import { searchPuzzle } from './create.ts'
import { type PendingDevice, requestToText } from './enrolling.ts'

const FORMAT = 1
const FILE_BYTES_MAX = 4096

const HEX = (bytes: number) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)),
    v.transform((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
  )
const FILE = v.strictObject({
  format: v.literal(FORMAT),
  network: v.pipe(v.string(), v.regex(NETWORK_NAME)),
  puzzleBits: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(PUZZLE_BITS_MAX)),
  deviceSeed: HEX(DEVICE_SEED_BYTES),
  incarnation: HEX(INCARNATION_BYTES),
  puzzle: HEX(8),
})

export function requestPath(home: string): string {
  return join(home, 'device-request.json')
}

/** Draws a device key, does its work, and keeps both; asked again, it gives the same line. Throws BAD_CONFIG where an earlier request is of another network, CANCELLED. */
export async function askForDevice(
  home: string,
  network: Network,
  options: {
    random: Random
    signal?: AbortSignal
    onProgress?: (tries: number, expected: number) => void
  },
): Promise<{ device: Uint8Array; line: string }> {
  const earlier = readRequest(home)
  if (earlier !== undefined && earlier.network !== network.name) {
    throw new SheafError('BAD_CONFIG', `${requestPath(home)} asks for the network "${earlier.network}"`)
  }
  const kept = earlier ?? (await drawn(home, network, options))
  const device = deviceKeyPair(kept.deviceSeed).publicKey
  return { device, line: requestToText({ network: network.name, device, puzzle: kept.puzzle }) }
}

/** What this machine asked with. Throws NOT_FOUND where it has not asked, BAD_STORE. */
export function pendingDevice(home: string): PendingDevice {
  const kept = readRequest(home)
  if (kept !== undefined) return kept
  throw new SheafError('NOT_FOUND', 'this machine has not asked to be one of an entity', {
    hint: 'sheaf id device request',
  })
}

async function drawn(
  home: string,
  network: Network,
  options: Parameters<typeof askForDevice>[2],
): Promise<PendingDevice & { puzzle: Uint8Array }> {
  const { random } = options
  const deviceSeed = random(DEVICE_SEED_BYTES)
  const puzzle = await searchPuzzle(deviceKeyPair(deviceSeed).publicKey, { network, ...options })
  const { name, puzzleBits } = network
  const kept = { network: name, puzzleBits, deviceSeed, incarnation: random(INCARNATION_BYTES), puzzle }
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const fields = {
    format: FORMAT,
    ...kept,
    deviceSeed: hex(deviceSeed),
    incarnation: hex(kept.incarnation),
    puzzle: hex(puzzle),
  }
  writeNewPrivateFile(requestPath(home), `${JSON.stringify(fields, undefined, 2)}\n`)
  return kept
}

function readRequest(home: string): (PendingDevice & { puzzle: Uint8Array }) | undefined {
  const path = requestPath(home)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  refuseForeign(path, stat.uid)
  if (!stat.isFile() || stat.size > FILE_BYTES_MAX) throw unreadable(path)
  try {
    return requestFromJson(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** The text of the file → what was kept. Throws BAD_STORE. */
export function requestFromJson(text: string): PendingDevice & { puzzle: Uint8Array } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SheafError('BAD_STORE', 'a request that is no JSON', { cause })
  }
  const result = v.safeParse(FILE, json)
  if (!result.success) throw new SheafError('BAD_STORE', 'a request that is not as it is written')
  const { format: _, ...kept } = result.output
  return kept
}

function unreadable(path: string, cause?: unknown): SheafError {
  return new SheafError('BAD_STORE', `${path} is no request of a device`, {
    cause,
    hint: 'remove it, and ask anew: sheaf id device request',
  })
}
