/** Changing one option in the file without touching another letter of it, and telling all that is wrong with it. */
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { replacePrivateFile } from '../private-file.ts'
import { checked, configToToml, fileText, nearest, parseToml, readConfig, tomlValue } from './config.ts'
import { envName, fileKey, OPTION_NAMES, OPTIONS, type Option, type OptionName } from './options.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface OptionValue {
  name: OptionName
  /** As the file has it: `quota_mb`. */
  key: string
  /** As the file would have it. */
  value: unknown
  from: 'default' | 'file' | 'environment'
}

export interface ConfigProblem {
  /** Of the file, from 1; undefined for a variable. */
  line: number | undefined
  what: string
  hint: string | undefined
}

/** The option of a key, also with dashes. Throws BAD_CONFIG with the nearest one where there is none. */
export function optionOf(key: string): OptionName {
  const wanted = key.replaceAll('-', '_')
  const name = OPTION_NAMES.find((one) => fileKey(one) === wanted)
  if (name !== undefined) return name
  throw new SheafError('BAD_CONFIG', `there is no option ${JSON.stringify(key.slice(0, 80))}`, {
    hint: `did you mean ${nearest(wanted, OPTION_NAMES.map(fileKey))}?`,
  })
}

/** Every option with its value and where that comes from. Throws BAD_CONFIG. */
export function optionValues(file: string, env: Env): OptionValue[] {
  const config = readConfig({ file, env })
  const inFile = parseToml(file, fileText(file) ?? '')
  return OPTION_NAMES.map((name) => {
    const key = fileKey(name)
    const isSet = env[envName(name)] !== undefined && env[envName(name)] !== ''
    const from = isSet ? 'environment' : key in inFile ? 'file' : 'default'
    return { name, key, value: JSON.parse(tomlValue(config[name])) as unknown, from }
  })
}

/**
 * Puts an option into the file, which is made where there is none, and keeps everything else in it,
 * comments too. Throws BAD_CONFIG for a value that the option does not take, or a file that cannot be changed so.
 */
export function setOption(file: string, name: OptionName, text: string): void {
  const option: Option<unknown> = OPTIONS[name]
  const raw = option.fromText(text)
  checked(option, raw, fileKey(name))
  const before = fileText(file) ?? configToToml(readConfig({}))
  const others = parseToml(file, before)
  const after = withOption(before, fileKey(name), JSON.stringify(raw))
  const wanted = JSON.stringify({ ...others, [fileKey(name)]: raw }, sorted(others, fileKey(name)))
  if (JSON.stringify(parsedOrNot(file, after), sorted(others, fileKey(name))) !== wanted) {
    throw new SheafError(
      'BAD_CONFIG',
      `${file}: the place of ${fileKey(name)} is written too oddly to change`,
      {
        hint: `write ${fileKey(name)} = ${JSON.stringify(raw)} there yourself`,
      },
    )
  }
  replacePrivateFile(file, after)
}

/** All that is wrong with the file and the variables. */
export function configProblems(file: string, env: Env): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const note = (line: number | undefined, work: () => unknown): void => {
    try {
      work()
    } catch (error) {
      const { message, hint } = asSheafError(error)
      problems.push({ line, what: message, hint })
    }
  }
  let text = ''
  let inFile: Record<string, unknown> = {}
  note(undefined, () => {
    text = fileText(file) ?? ''
    inFile = parseToml(file, text)
  })
  for (const [key, value] of Object.entries(inFile)) {
    note(lineOf(text, key), () => checked(OPTIONS[optionOf(key)] as Option<unknown>, value, key))
  }
  for (const name of OPTION_NAMES) {
    const option: Option<unknown> = OPTIONS[name]
    const variable = env[envName(name)]
    if (variable === undefined || variable === '') continue
    note(undefined, () => checked(option, option.fromText(variable), envName(name)))
  }
  return problems
}

/** A value of one line, or a list of several: what stands before and behind it is kept. */
function withOption(text: string, key: string, value: string): string {
  const set = new RegExp(
    `^(\\s*${key}\\s*=\\s*)(?:"(?:[^"\\\\\\n]|\\\\.)*"|'[^'\\n]*'|\\[[^\\]]*\\]|[^\\s#,]+)`,
    'm',
  )
  if (set.test(text)) return text.replace(set, (_, before: string) => `${before}${value}`)
  const unset = new RegExp(`^#[ \\t]*${key}[ \\t]*=.*$`, 'm')
  if (unset.test(text)) return text.replace(unset, () => `${key} = ${value}`)
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${key} = ${value}\n`
}

function parsedOrNot(file: string, text: string): unknown {
  try {
    return parseToml(file, text)
  } catch {
    return undefined
  }
}

/** The same order of keys on both sides of a comparison. */
function sorted(others: Record<string, unknown>, key: string): string[] {
  return [...new Set([...Object.keys(others), key])].sort()
}

function lineOf(text: string, key: string): number | undefined {
  const at = text.split('\n').findIndex((line) => {
    const start = line.trimStart().replace(/^\[+\s*/, '')
    return start.startsWith(key) || start.startsWith(`"${key}"`) || start.startsWith(`'${key}'`)
  })
  return at < 0 ? undefined : at + 1
}
