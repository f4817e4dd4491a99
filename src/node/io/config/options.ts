/**
 * Every option of the daemon, once. The file, the flags, the environment and the help are made
 * from this table; from `quotaMb` come `quota_mb` in the file, `--quota-mb` and SHEAF_QUOTA_MB.
 */
import { isIPv4 } from 'node:net'
import * as v from 'valibot'
import { NETWORK_NAME, PUZZLE_BITS_MAX } from '../../../base/network.ts'

export interface Option<T> {
  /** Says what a value is, for help and complaints: `a whole number from 0 to 65535`. */
  readonly says: string
  /** What a value is called in the help of its flag. */
  readonly placeholder: string
  readonly help: string
  readonly default: T
  readonly schema: v.GenericSchema<unknown, T>
  /** A flag's or variable's text → what the file would hold. */
  fromText(text: string): unknown
  /** A list is given by repeating the flag, or with commas. */
  readonly isList?: boolean
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Each is a DHT node of its own; more make a small network no safer. */
const SEED_PORTS_MAX = 8
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const OPTIONS = {
  network: text({
    help: 'The network to be part of. What is signed for one network means nothing on another.',
    default: 'sheaf',
    placeholder: 'NAME',
    says: '1 to 64 letters, digits, dots, dashes and underscores',
    pattern: NETWORK_NAME,
  }),
  puzzleBits: whole(0, PUZZLE_BITS_MAX, {
    help: "Work in a device's certificate, in bits: 20 takes about a second. A parameter of the network.",
    default: 20,
    placeholder: 'BITS',
  }),
  bootstrap: {
    help: 'Nodes of the DHT to begin with. None: the public ones of HyperDHT.',
    default: [],
    placeholder: 'HOST:PORT',
    says: 'a list of HOST:PORT',
    isList: true,
    schema: v.pipe(v.array(v.pipe(v.string(), v.rawTransform(readHostPort))), v.maxLength(64)),
    fromText: (value) => value.split(',').filter((item) => item !== ''),
  } satisfies Option<HostPort[]> as Option<readonly HostPort[]>,
  seedPorts: {
    help:
      'UDP ports of DHT seeds to run inside this node: a private network begins at those of whoever invites. ' +
      'Three are enough; where there are none, seeds run elsewhere.',
    default: [],
    placeholder: 'PORT',
    says: 'a list of whole numbers from 1 to 65535',
    isList: true,
    schema: v.pipe(
      v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
      v.maxLength(SEED_PORTS_MAX),
    ),
    fromText: (value) =>
      value
        .split(',')
        .filter((item) => item !== '')
        .map((item) => (/^\d{1,5}$/.test(item) ? Number(item) : item)),
  } satisfies Option<number[]> as Option<readonly number[]>,
  host: {
    help: 'The address to bind UDP to; 127.0.0.1 keeps a private network on this machine.',
    default: '0.0.0.0',
    placeholder: 'ADDRESS',
    says: 'an IPv4 address',
    schema: v.pipe(v.string(), v.check(isIPv4)),
    fromText: (value) => value,
  } satisfies Option<string> as Option<string>,
  port: whole(0, 65_535, {
    help: 'The UDP port; 0 takes any that is free.',
    default: 0,
    placeholder: 'PORT',
  }),
  firewalled: {
    help: 'Whether others cannot reach this machine unasked; auto finds out.',
    default: 'auto',
    placeholder: 'auto|true|false',
    says: 'auto, true or false',
    schema: v.union([v.literal('auto'), v.boolean()]),
    fromText: (value) => (value === 'true' ? true : value === 'false' ? false : value),
  } satisfies Option<'auto' | boolean> as Option<'auto' | boolean>,
  quotaMb: whole(1, 16 * 1024 * 1024, {
    help: 'Disk for what is kept, in MiB, own pages and indices included.',
    default: 1024,
    placeholder: 'MIB',
  }),
  depth: whole(0, 32, {
    help: 'Bits of the keyspace that this node narrows itself to; 0 keeps everything that is asked of it.',
    default: 0,
    placeholder: 'BITS',
  }),
  connectionsMax: whole(1, 4096, {
    help: 'Connections at a time.',
    default: 64,
    placeholder: 'N',
  }),
  crypto: choice(['native', 'noble'], {
    help: 'What checks signatures: the native library where it is installed, or JavaScript (about 40 times slower).',
    default: 'native',
  }),
  rehearse: yesOrNo({
    help: 'Whether a node that has just started, and has nothing to do, tries itself out in memory: a second and a half of one core, after which it is twice as fast.',
    default: true,
  }),
  sayHad: yesOrNo({
    help: 'Whether this machine says once a day, where that changed, how many objects it has (sheaf had).',
    default: true,
  }),
  logLevel: choice(LOG_LEVELS, {
    help: 'The least important thing that is logged.',
    default: 'info',
  }),
  getTimeoutMs: whole(100, 60_000, {
    help: 'How long a look-up may take, in milliseconds.',
    default: 10_000,
    placeholder: 'MS',
  }),
  publishPatienceMs: whole(100, 60_000, {
    help: 'How long publish waits for holders while nothing moves, in milliseconds.',
    default: 10_000,
    placeholder: 'MS',
  }),
} as const

export type OptionName = keyof typeof OPTIONS
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** Every option with its value: complete and read-only. */
export type Config = { readonly [Name in OptionName]: (typeof OPTIONS)[Name]['default'] }

/** `quotaMb` → `quota_mb`. */
export function fileKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `quotaMb` → `--quota-mb`. */
export function flagName(name: string): string {
  return `--${fileKey(name).replaceAll('_', '-')}`
}

/** `quotaMb` → `SHEAF_QUOTA_MB`. */
export function envName(name: string): string {
  return `SHEAF_${fileKey(name).toUpperCase()}`
}

interface Words<T> {
  help: string
  default: T
  placeholder: string
}

function whole(min: number, max: number, words: Words<number>): Option<number> {
  return {
    ...words,
    says: `a whole number from ${min} to ${max}`,
    schema: v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
    fromText: (value) => (/^\d{1,15}$/.test(value) ? Number(value) : value),
  }
}

function text(words: Words<string> & { says: string; pattern: RegExp }): Option<string> {
  const { pattern, ...rest } = words
  return { ...rest, schema: v.pipe(v.string(), v.regex(pattern)), fromText: (value) => value }
}

function choice<const T extends string>(
  choices: readonly T[],
  words: Omit<Words<NoInfer<T>>, 'placeholder'>,
): Option<T> {
  return {
    ...words,
    placeholder: choices.join('|'),
    says: `one of ${choices.join(', ')}`,
    schema: v.picklist(choices),
    fromText: (value) => value,
  }
}

function yesOrNo(words: Omit<Words<boolean>, 'placeholder'>): Option<boolean> {
  return {
    ...words,
    placeholder: 'true|false',
    says: 'true or false',
    schema: v.boolean(),
    fromText: (value) => (value === 'true' ? true : value === 'false' ? false : value),
  }
}

/** HyperDHT speaks IPv4, so a colon can only stand before the port. */
function readHostPort({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): HostPort {
  const match = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(dataset.value)
  const port = Number(match?.[2])
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    addIssue({ message: 'not HOST:PORT' })
    return NEVER
  }
  return { host: match[1], port }
}
