/** From flags, environment and file to one whole configuration, and the file that explains itself. */
import { readFileSync, statSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import { writeNewPrivateFile } from '../private-file.ts'
import {
  type Config,
  envName,
  fileKey,
  flagName,
  type HostPort,
  OPTION_NAMES,
  OPTIONS,
  type Option,
  type OptionName,
} from './options.ts'

/** Far more than all options with their comments take. */
const FILE_BYTES_MAX = 64 * 1024
const LINE_LETTERS = 96

export interface ConfigSources {
  /** Text of flags by option; a flag that was not given is absent. */
  readonly flags?: Readonly<Partial<Record<OptionName, string>>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The path of the file; one that is not there says nothing. */
  readonly file?: string
}

/**
 * The configuration: of each option the flag, else the variable, else the file's, else the default.
 * Throws BAD_CONFIG with the place of what is wrong, and the nearest option where a key is none.
 */
export function readConfig({ flags = {}, env = {}, file }: ConfigSources): Config {
  const fromFile = file === undefined ? new Map<OptionName, unknown>() : readFile(file)
  const values = OPTION_NAMES.map((name) => {
    const option: Option<unknown> = OPTIONS[name]
    const flag = flags[name]
    if (flag !== undefined) return [name, checked(option, option.fromText(flag), flagName(name))]
    const variable = env[envName(name)]
    if (variable !== undefined && variable !== '') {
      return [name, checked(option, option.fromText(variable), envName(name))]
    }
    if (fromFile.has(name)) {
      return [name, checked(option, fromFile.get(name), `${file}: ${fileKey(name)}`)]
    }
    return [name, option.default]
  })
  return Object.freeze(Object.fromEntries(values))
}

/** The file for a configuration: each option with its help; those that have their default are commented out. */
export function configToToml(config: Config): string {
  const sections = OPTION_NAMES.map((name) => {
    const option: Option<unknown> = OPTIONS[name]
    const help = [...wrap(option.help), `${capital(option.says)}. ${flagName(name)}, ${envName(name)}`]
    const setting = `${fileKey(name)} = ${tomlValue(config[name])}`
    const isDefault = tomlValue(config[name]) === tomlValue(OPTIONS[name].default)
    return [...help.map((line) => `# ${line}`), isDefault ? `#${setting}` : setting].join('\n')
  })
  return `# The configuration of a Sheaf node. A flag wins over its variable, a variable over this file.\n\n${sections.join('\n\n')}\n`
}

/** Writes the commented file (0600); ALREADY_EXISTS where there is one. */
export function writeConfig(path: string, config: Config): void {
  writeNewPrivateFile(path, configToToml(config))
}

function readFile(path: string): Map<OptionName, unknown> {
  const text = fileText(path)
  if (text === undefined) return new Map()
  const names = new Map(OPTION_NAMES.map((name) => [fileKey(name), name]))
  const values = new Map<OptionName, unknown>()
  for (const [key, value] of Object.entries(parseToml(path, text))) {
    const name = names.get(key)
    if (name === undefined) {
      throw new SheafError('BAD_CONFIG', `${path}: there is no option ${JSON.stringify(key.slice(0, 80))}`, {
        hint: `did you mean ${nearest(key, [...names.keys()])}?`,
      })
    }
    values.set(name, value)
  }
  return values
}

export function fileText(path: string): string | undefined {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) throw new SheafError('BAD_CONFIG', `${path} is no file`)
    if (stat.size > FILE_BYTES_MAX) {
      throw new SheafError('BAD_CONFIG', `${path} has ${stat.size} bytes where ${FILE_BYTES_MAX} can be read`)
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof SheafError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SheafError('BAD_CONFIG', `cannot read ${path}: ${code}`, { cause: error })
  }
}

export function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    const place = error instanceof TomlError ? `, line ${error.line}` : ''
    const [what = ''] = (error as Error).message.split('\n')
    throw new SheafError('BAD_CONFIG', `${path}${place}: ${what}`, { cause: error })
  }
}

export function checked<T>({ schema, says }: Option<T>, value: unknown, place: string): T {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  throw new SheafError('BAD_CONFIG', `${place} is ${says}, not ${shortJson(value)}`)
}

function shortJson(value: unknown): string {
  const json =
    typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value)).slice(0, 80)
  return json
}

export function tomlValue(value: Config[OptionName]): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  return JSON.stringify(
    value.map((one: HostPort | number) => (typeof one === 'number' ? one : `${one.host}:${one.port}`)),
  )
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}

function wrap(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + word.length + 1 > LINE_LETTERS) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

/** The known key that fewest letters have to change for. */
export function nearest(key: string, known: readonly string[]): string {
  const distances = known.map((one) => distance(key.slice(0, 80), one))
  return known[distances.indexOf(Math.min(...distances))]!
}

/** Letters to insert, delete or replace (Levenshtein), row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
