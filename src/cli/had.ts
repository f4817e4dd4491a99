/** `sheaf had`: what the machines of an entity say that they have, and saying it of this one. */
import type { Command } from 'commander'
import type { HadJson, MachinesJson, SaidHadJson } from '../node/io/control/entities.ts'
import { type Cli, type CommonOptions, examples, jsonLine, timesOf } from './cli.ts'
import { declaredText } from './declared.ts'
import { columns, count, dayText, sizeText } from './shown.ts'

export function register(program: Command, cli: Cli): void {
  const had = program
    .command('had')
    .summary('what the machines of somebody have')
    .description(
      'Prints for each machine of an entity, your own where none is named, how many objects it last said that it has. ' +
        'Each says so once a day where that changed. It is the word of its entity and of nobody else; who really holds ' +
        'a page, sheaf where says.',
    )
    .argument('[@ENTITY]', '@ENTITY, or @name (sheaf name)')
    .option('--timeout <SECONDS>', 'how long to look for it')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the keys of the machines that said something')
    .addHelpText('after', examples('sheaf had', 'sheaf had @ENTITY', 'sheaf had publish'))
    .action((entity: string | undefined, options: CommonOptions) => show(cli, entity, options))
  had
    .command('publish')
    .summary('say now what this machine has')
    .description(
      'Signs and hands on what this machine has, where it is something else than what it said last.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the record')
    .addHelpText('after', examples('sheaf had publish'))
    .action((_: unknown, command: Command) => publish(cli, command.optsWithGlobals()))
}

/** `7 objects, 70 KB on 2026-11-21`. */
export function hadText(had: HadJson): string {
  const { count: objects, bytes, timeMs, isStale } = had
  const life = isStale ? ', before it was restored or copied' : ''
  return `${count(objects, 'object')}, ${sizeText(bytes)} on ${dayText(timeMs)}${life}`
}

async function show(cli: Cli, entity: string | undefined, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { entity, timeoutMs }
  const found = await cli.client(deadlineMs).ask<MachinesJson>('/v1/devices', { query })
  const valid = found.devices.filter(({ revokedMs }) => revokedMs === null)
  if (options.json) {
    const devices = valid.map(({ device, isThis, had }) => ({ device, isThis, had }))
    return shell.out(jsonLine({ entity: found.entity, devices, asked: found.asked }))
  }
  if (options.quiet) {
    return shell.out(valid.map(({ device, had }) => (had === null ? '' : `${device}\n`)).join(''))
  }
  const rows = valid.map(({ device, isThis, had }) => [
    device,
    had === null ? 'has said nothing' : hadText(had),
    isThis ? 'this one' : '',
  ])
  await shell.out(rows.length === 0 ? 'no machines were found\n' : columns(rows))
}

async function publish(cli: Cli, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const said = await cli.client().ask<SaidHadJson>('/v1/had', { method: 'POST' })
  const { id, count: objects, bytes, isNew } = said
  if (options.json) return shell.out(jsonLine(said))
  if (options.quiet) return shell.out(`${id}\n`)
  const what = `${count(objects, 'object')}, ${sizeText(bytes)}`
  await shell.out(isNew ? declaredText(what, said) : `${what}: said already, and still so\n`)
}
