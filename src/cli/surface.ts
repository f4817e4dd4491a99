/** All commands of the program as data: what the completions and the man page are made from. */
import type { Command, Option } from 'commander'

export interface CommandSurface {
  name: string
  summary: string
  description: string
  /** `<PAGE|ID>`, `[KEY]`. */
  arguments: { term: string; help: string }[]
  options: OptionSurface[]
  /** What follows its help: examples. */
  after: string
}

export interface OptionSurface {
  /** `-q`, `--quiet`. */
  names: string[]
  /** `--timeout <SECONDS>`. */
  term: string
  help: string
  takesValue: boolean
  /** What the value may be, where that is a few words. */
  choices: string[]
}

export interface Surface {
  name: string
  description: string
  options: OptionSurface[]
  commands: CommandSurface[]
}

/** What a program with all its commands registered shows. */
export function surfaceOf(program: Command): Surface {
  return {
    name: program.name(),
    description: program.description(),
    options: optionsOf(program),
    commands: program.commands.map((command) => ({
      name: command.name(),
      summary: command.summary(),
      description: command.description(),
      arguments: command.registeredArguments.map((argument) => ({
        term: argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
        help: argument.description,
      })),
      options: optionsOf(command),
      after: afterHelp(command),
    })),
  }
}

function optionsOf(command: Command): OptionSurface[] {
  const shown = command.createHelp().visibleOptions(command)
  return shown.map((option: Option) => ({
    names: [option.short, option.long].flatMap((name) => name ?? []),
    term: option.flags,
    help: option.description,
    takesValue: option.required || option.optional,
    choices: choicesIn(option.flags),
  }))
}

/** `--crypto <native|noble>`: words in small letters are to be typed as they stand. */
function choicesIn(flags: string): string[] {
  const value = /<([^>]+)>/.exec(flags)?.[1] ?? ''
  return /^[a-z]+(\|[a-z]+)+$/.test(value) ? value.split('|') : []
}

/** What a command says below its help, which commander only prints. */
function afterHelp(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk
    },
  })
  command.outputHelp()
  return text.slice(command.helpInformation().length).trim()
}
