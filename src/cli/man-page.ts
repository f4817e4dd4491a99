/** The manual page in roff (man(7)), made from the commands and what the exit statuses mean. */
import { EXIT_STATUSES } from './exit.ts'
import type { CommandSurface, OptionSurface, Surface } from './surface.ts'

/** `version` is that of the program; there is no date, so that the same program gives the same page. */
export function manPage({ name, description, options, commands }: Surface, version: string): string {
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${text(description.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.I COMMAND',
    `[${text('ARGUMENTS')}]`,
    '.SH OPTIONS',
    ...options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandLines(name, command)),
    '.SH EXIT STATUS',
    ...EXIT_STATUSES.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, text(meaning)]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B SHEAF_HOME',
    'the folder of the node, where --home is not given'.replaceAll('-', '\\-'),
    '',
  ].join('\n')
}

function commandLines(program: string, command: CommandSurface): string[] {
  const terms = command.arguments.map(({ term }) => text(term)).join(' ')
  return [
    `.SS ${program} ${text(command.name)}${terms === '' ? '' : ` ${terms}`}`,
    text(command.description),
    ...command.arguments.flatMap(({ term, help }) => ['.TP', `.I ${text(term)}`, text(help)]),
    ...command.options.flatMap(optionLines),
    ...(command.after === '' ? [] : ['.PP', '.nf', ...command.after.split('\n').map(text), '.fi']),
  ]
}

function optionLines({ term, help }: OptionSurface): string[] {
  return ['.TP', `.B ${text(term)}`, text(help)]
}

/** For roff: backslashes, minus signs and letters beyond ASCII as themselves, and no line that begins as a request. */
function text(plain: string): string {
  const escaped = plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/\s*\n\s*/g, ' ')
  const ascii = escaped.replace(BEYOND_ASCII, (one) => `\\[u${hexOf(one)}]`)
  return /^[.']/.test(ascii) ? `\\&${ascii}` : ascii
}

const BEYOND_ASCII = /[^\n -~]/gu

function hexOf(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
}
