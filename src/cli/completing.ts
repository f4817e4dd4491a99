/** Completion for the shells: scripts that know every command and option, and ask nobody. */
import type { CommandSurface, OptionSurface, Surface } from './surface.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type ShellName = (typeof SHELLS)[number]

/** Words that a command's first argument may be, where they are few. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  config: ['get', 'set', 'validate'],
  completion: SHELLS,
}

export function completionScript(shell: ShellName, surface: Surface): string {
  return { bash, zsh, fish }[shell](surface)
}

function bash({ name, options, commands }: Surface): string {
  const cases = commands.map((command) => `    ${command.name}) words='${wordsOf(command).join(' ')}' ;;`)
  const choices = choicesOf(commands).map(
    ([option, words]) =>
      `    ${option}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return ;;`,
  )
  const valued = valuedOf([...options, ...commands.flatMap((command) => command.options)])
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' i
  COMPREPLY=()
  case "$before" in
${choices.join('\n')}
    ${valued.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      --home) ((i++)) ;;
      -*) ;;
      *) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
    '') words='${[...commands.map((command) => command.name), ...namesOf(options)].join(' ')}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n "$command" && "$word" != -* ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _${name} ${name}
`
}

function zsh({ name, options, commands }: Surface): string {
  const described = commands.map((command) => `    ${quoted(`${command.name}:${command.summary}`)}`)
  const cases = commands.map((command) => {
    const words = (WORDS[command.name] ?? []).join(' ')
    const first = words === '' ? `'*:file:_files'` : `'1:word:(${words})' '*:file:_files'`
    const specs = command.options.flatMap(zshSpecs)
    return `    ${command.name}) _arguments ${[...specs, first].join(' ')} ;;`
  })
  return `#compdef ${name}
# Completion of ${name} for zsh: ${name} completion zsh > a file called _${name} in a folder of fpath
_${name}() {
  local context state line
  local -a commands
  commands=(
${described.join('\n')}
  )
  _arguments -C ${options.flatMap(zshSpecs).join(' ')} '1:command:->command' '*::argument:->argument'
  case "$state" in
    command) _describe command commands ;;
    argument)
      case "$line[1]" in
${cases.map((line) => `    ${line}`).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function zshSpecs({ names, help, takesValue, choices }: OptionSurface): string[] {
  const about = help.replace(/[[\]:]/g, ' ')
  const value = !takesValue ? '' : choices.length > 0 ? `:value:(${choices.join(' ')})` : ':value:_files'
  return names.map((one) => quoted(`${one}[${about}]${value}`))
}

function fish({ name, options, commands }: Surface): string {
  const lines = [
    `# Completion of ${name} for fish: ${name} completion fish | source`,
    ...options.map((option) => `complete -c ${name} ${fishOption(option)}`),
    ...commands.map(
      (command) =>
        `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ),
    ...commands.flatMap((command) => {
      const when = `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}'`
      const words = WORDS[command.name]
      return [
        ...(words === undefined ? [] : [`${when} -a '${words.join(' ')}'`]),
        ...command.options.map((option) => `${when} ${fishOption(option)}`),
      ]
    }),
  ]
  return `${lines.join('\n')}\n`
}

function fishOption({ names, help, takesValue, choices }: OptionSurface): string {
  const flags = names.map((one) => (one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`))
  const value = choices.length > 0 ? ` -xa '${choices.join(' ')}'` : takesValue ? ' -r' : ''
  return `${flags.join(' ')}${value} -d ${quoted(help)}`
}

function wordsOf(command: CommandSurface): string[] {
  return [...(WORDS[command.name] ?? []), ...namesOf(command.options)]
}

function namesOf(options: readonly OptionSurface[]): string[] {
  return [...new Set(options.flatMap(({ names }) => names))]
}

function valuedOf(options: readonly OptionSurface[]): string[] {
  return namesOf(options.filter(({ takesValue, choices }) => takesValue && choices.length === 0))
}

function choicesOf(commands: readonly CommandSurface[]): [string, string[]][] {
  const all = new Map<string, string[]>()
  for (const { names, choices } of commands.flatMap(({ options }) => options)) {
    if (choices.length > 0) for (const one of names) all.set(one, choices)
  }
  return [...all]
}

/** In single quotes, as all three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
