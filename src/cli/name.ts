/** `sheaf name`: what you call others. A name stands wherever a command takes an entity. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { idFromText, idToText } from '../base/text-id.ts'
import { changeNames, readNames } from '../node/io/names-file.ts'
import type { LocalName } from '../node/names.ts'
import { withName, withoutName } from '../node/names.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { columns, oneLine } from './shown.ts'

export function register(program: Command, cli: Cli): void {
  const name = program
    .command('name')
    .summary('what you call others')
    .description(
      'Lists the names that you gave to others. @ann, and @ann/garden/bees, stand for their @ENTITY in every ' +
        'command on this machine, and nowhere else.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the names')
    .addHelpText('after', examples('sheaf name', 'sheaf name add ann @ENTITY', 'sheaf name remove ann'))
    .action((options: CommonOptions) => list(cli, options))
  name
    .command('add')
    .summary('give somebody a name')
    .argument('<NAME>', 'letters of one script, digits, and . _ - between them')
    .argument('<@ENTITY>', 'whose it is')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf name add ann @ENTITY'))
    .action(async (word: string, whom: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      const added: LocalName = { name: bare(word), entity: entityOf(whom), sinceMs: Date.now() }
      changeNames(cli.paths().home, (names) => withName(names, added))
      await tell(cli, options, nameJson(added), `@${added.name} is @${idToText(added.entity)}\n`)
    })
  name
    .command('remove')
    .summary('take a name back')
    .argument('<NAME>', 'as sheaf name lists it')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf name remove ann'))
    .action(async (word: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      changeNames(cli.paths().home, (names) => withoutName(names, bare(word)))
      await tell(cli, options, { name: bare(word) }, `${oneLine(bare(word))} is nobody's name now\n`)
    })
}

async function list({ shell, paths }: Cli, options: CommonOptions): Promise<void> {
  const names = readNames(paths().home)
  if (options.json) return shell.out(jsonLine({ names: names.map(nameJson) }))
  if (options.quiet) return shell.out(names.map(({ name }) => `${name}\n`).join(''))
  await shell.out(
    names.length === 0
      ? 'no names: sheaf name add NAME @ENTITY\n'
      : columns(names.map(({ name, entity }) => [`@${name}`, `@${idToText(entity)}`])),
  )
}

async function tell({ shell }: Cli, options: CommonOptions, json: object, text: string): Promise<void> {
  if (options.json) await shell.out(jsonLine(json))
  else if (!options.quiet) await shell.out(text)
}

/** People type the sign too. */
const bare = (word: string): string => (word.startsWith('@') ? word.slice(1) : word)

function entityOf(text: string): Uint8Array {
  if (text.startsWith('@')) return idFromText(text.slice(1))
  throw new SheafError('BAD_ARGUMENT', 'an entity is written as @ and its id', {
    hint: 'sheaf id tells somebody their own',
  })
}

function nameJson({ name, entity, sinceMs }: LocalName) {
  return { name, entity: idToText(entity), sinceMs }
}
