/** `sheaf profile`: what somebody calls themself, and what you do. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { AVATAR_BYTES_MAX } from '../content/profile.ts'
import type { DeclaredJson, ProfileJson } from '../node/io/control/entities.ts'
import { calledBy } from './called.ts'
import { type Cli, type CommonOptions, examples, jsonLine, timesOf } from './cli.ts'
import { declaredText } from './declared.ts'
import { count, harmless, oneLine, sizeText } from './shown.ts'

interface SetOptions extends CommonOptions {
  readonly name?: string
  readonly about?: string
  readonly avatar?: string
}

export function register(program: Command, cli: Cli): void {
  const profile = program
    .command('profile')
    .summary('what somebody says of themself')
    .description(
      'Prints the profile of an entity, your own where none is named. It is what its signer claims, no more.',
    )
    .argument('[@ENTITY]', '@ENTITY, or @name (sheaf name)')
    .option('--timeout <SECONDS>', 'how long to look for it')
    .option('--json', 'as one JSON object, the avatar in base64')
    .option('-q, --quiet', 'print only the name')
    .addHelpText(
      'after',
      examples('sheaf profile', 'sheaf profile @ENTITY', "sheaf profile set --name 'Ann'"),
    )
    .action((entity: string | undefined, options: CommonOptions) => show(cli, entity, options))
  profile
    .command('set')
    .summary('say something of yourself')
    .description(
      'Signs a profile and hands it on, in the place of the one before; what is not named is not in it.',
    )
    .requiredOption('--name <NAME>', 'one line, at most 64 bytes')
    .option('--about <TEXT>', 'at most 2,048 bytes')
    .option('--avatar <FILE>', 'a PNG, JPEG, GIF or WebP image of at most 16 KiB')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the record')
    .addHelpText('after', examples("sheaf profile set --name 'Ann' --about 'I keep bees.' --avatar ann.png"))
    .action((_: unknown, command: Command) => set(cli, command.optsWithGlobals()))
}

async function show(cli: Cli, entity: string | undefined, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { entity, timeoutMs }
  const profile = await cli.client(deadlineMs).ask<ProfileJson>('/v1/profile', { query })
  if (options.json) return shell.out(jsonLine(profile))
  if (options.quiet) return shell.out(`${oneLine(profile.name)}\n`)
  const called = await calledBy(cli)
  const { name, about, avatar, otherTips } = profile
  const lines = [
    `@${profile.entity}${called(profile.entity)}`,
    `calls itself ${oneLine(name)}`,
    ...(avatar === null
      ? []
      : [`avatar: ${avatar.media}, ${sizeText(Buffer.byteLength(avatar.base64, 'base64'))}`]),
    ...(otherTips.length === 0
      ? []
      : [`beside ${count(otherTips.length, 'other profile')}, which the next one joins`]),
    ...(about === '' ? [] : ['', harmless(about)]),
  ]
  await shell.out(lines.map((line) => `${line}\n`).join(''))
}

async function set(cli: Cli, options: SetOptions): Promise<void> {
  const { name, about = '', avatar } = options
  const json = { name, about, avatar: avatar === undefined ? null : imageAt(resolve(cli.shell.cwd, avatar)) }
  const declared = await cli.client().ask<DeclaredJson>('/v1/profile', { method: 'POST', json })
  if (options.json) await cli.shell.out(jsonLine(declared))
  else await cli.shell.out(options.quiet ? `${declared.id}\n` : declaredText('your profile', declared))
}

/** A file's bytes in base64; what is in them is the node's to judge. */
function imageAt(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile())
    throw new SheafError('BAD_ARGUMENT', `there is no file ${oneLine(path)}`)
  if (stat.size > AVATAR_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `an avatar of ${stat.size} bytes where ${AVATAR_BYTES_MAX} fit`)
  }
  return readFileSync(path).toString('base64')
}
