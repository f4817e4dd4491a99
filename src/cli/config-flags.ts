/** The flags of `init` and `start`: one for each option of the configuration. */
import { type Command, Option as Flag } from 'commander'
import { readConfig } from '../node/io/config/config.ts'
import {
  type Config,
  envName,
  flagName,
  OPTION_NAMES,
  OPTIONS,
  type Option,
  type OptionName,
} from '../node/io/config/options.ts'
import type { Cli } from './cli.ts'

export type ConfigFlags = Readonly<Partial<Record<OptionName, string>>>

export function addConfigFlags(command: Command): Command {
  for (const name of OPTION_NAMES) {
    const { help, placeholder, isList }: Option<unknown> = OPTIONS[name]
    const flag = new Flag(`${flagName(name)} <${placeholder}>`, `${help} [${envName(name)}]`)
    if (isList)
      flag.argParser((value, before?: string) => (before === undefined ? value : `${before},${value}`))
    command.addOption(flag)
  }
  return command
}

/** The configuration of this run: flags, environment, the file of this home. */
export function configOf(cli: Cli, flags: ConfigFlags): Config {
  return readConfig({ flags, env: cli.shell.env, file: cli.paths().config })
}

/** The flags again, for another process. */
export function flagArguments(flags: ConfigFlags): string[] {
  return OPTION_NAMES.flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [flagName(name), value]
  })
}
