/** `sheaf id rotate`, `keys` and `readmit`: the chain of keys behind an identity. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { KeyStateJson, RotatedJson } from '../node/io/control/key-routes.ts'
import { confirm } from './asking.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note } from './cli.ts'
import { columns, count } from './shown.ts'
import { keyGivenBy, type WordsOptions, wordsGiven } from './words.ts'

export interface RotateOptions extends CommonOptions, WordsOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly except?: string[]
}

const ANSWER_WITHIN_MS = 60_000

export function register(id: Command, cli: Cli): void {
  id.command('rotate')
    .summary('take the next key')
    .description(
      'Retires the key of this machine and takes the next one, which the 24 words of `sheaf init` give. Pages stay ' +
        'yours and readable; what anybody signs with the old key from now on, whatever time it claims, counts for nothing. ' +
        'The words stay the same: the key after this one comes from them, too. You stand by what is on this machine: where ' +
        'another one of yours published, `sheaf export @me DIR` gets its pages first.',
    )
    .option('--words-file <FILE>', 'a file with the 24 words; else SHEAF_WORDS, else you are asked')
    .option('--except <ID...>', 'records that you do not stand by: pages that a thief published')
    .option('--dry-run', 'only say what would happen')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the place of the key in its chain')
    .addHelpText('after', examples('sheaf id rotate', 'sheaf id rotate --words-file words.txt --dry-run'))
    .action((_: unknown, command: Command) => rotate(cli, command.optsWithGlobals<RotateOptions>()))
  id.command('keys')
    .summary("the keys of an identity, one's own or another's")
    .argument('[ENTITY]', '@ENTITY; without one, your own')
    .option('--json', 'as one JSON object')
    .addHelpText('after', examples('sheaf id keys', 'sheaf id keys @k7ti…'))
    .action(async (entity: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      const state = await keyStateOf(cli, entity)
      await cli.shell.out(options.json ? jsonLine(state) : chainText(state))
    })
  id.command('readmit')
    .summary('trust one of two keys that stand side by side')
    .description(
      'Two key records at one place of a chain freeze the identity: nothing new of it counts. Whom you trust you know ' +
        'better than any program: this takes one of them for this machine, and leaves the other.',
    )
    .argument('<ENTITY>', '@ENTITY')
    .argument('<KEY>', 'the key record to trust, as `sheaf id keys` shows it')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .addHelpText('after', examples('sheaf id readmit @k7ti… w5ji…'))
    .action(async (entity: string, key: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { yes?: boolean }>()
      await confirm(cli.shell, `Trust the key ${key} of ${entity}?`, options)
      const json = { entity: entity.replace(/^@/, ''), key }
      const state = await cli
        .client(ANSWER_WITHIN_MS)
        .ask<KeyStateJson>('/v1/id/readmit', { method: 'POST', json })
      await cli.shell.out(options.json ? jsonLine(state) : chainText(state))
    })
}

async function rotate(cli: Cli, options: RotateOptions): Promise<void> {
  const { shell } = cli
  const state = await keyStateOf(cli, undefined, true)
  note(shell, options, heardText(state))
  if (state.isFrozen) {
    throw new SheafError('RETIRED_KEY', 'two key records stand side by side: this identity is frozen', {
      hint: 'sheaf id keys',
    })
  }
  const words = await wordsGiven(cli, options)
  const { secret, next, position } = await keyGivenBy(words, state)
  const ask = (isRehearsal: boolean): Promise<RotatedJson> =>
    cli.client(ANSWER_WITHIN_MS).ask<RotatedJson>('/v1/id/rotate', {
      method: 'POST',
      json: { secret, next, leaveOut: options.except ?? [], isRehearsal },
    })
  const plan = await ask(true)
  note(shell, options, planText(plan))
  if (options.dryRun) {
    await shell.out(
      options.json
        ? jsonLine({ ...plan, isDone: false })
        : options.quiet
          ? `${position}\n`
          : 'nothing was done\n',
    )
    return
  }
  await confirm(shell, 'Take this key?', options)
  const done = await ask(false)
  if (options.json) await shell.out(jsonLine({ ...done, isDone: true }))
  else
    await shell.out(
      options.quiet
        ? `${done.position}\n`
        : `key ${done.position} is yours, and the one before it counts no more\n`,
    )
}

/** With `isFresh` others are asked for our own keys, too: another machine of ours may have taken one. */
export async function keyStateOf(cli: Cli, entity?: string, isFresh = false): Promise<KeyStateJson> {
  const query = { entity: entity?.replace(/^@/, ''), fresh: isFresh ? 'true' : undefined }
  return await cli.client(ANSWER_WITHIN_MS).ask<KeyStateJson>('/v1/id', { query })
}

/** A machine that has not heard of a key makes a second one beside it, which freezes the identity. */
function heardText({ asked }: KeyStateJson): string {
  const told = asked.filter(({ answer }) => answer === 'found').length
  if (told > 0) return `${told} of ${count(asked.length, 'peer')} told the keys of this identity`
  return 'nobody told whether another machine of yours has taken a key that this one has not heard of'
}

/** What a rotation would do, or did. */
export function planText({ position, isCurrent, standsBy, leftOut }: RotatedJson): string {
  if (isCurrent) return `key ${position} is the current one already; this machine takes it`
  const without = leftOut === 0 ? '' : `, and not by ${leftOut}`
  return `key ${position} takes the place of key ${position - 1}; you stand by ${count(standsBy, 'record')} that it signed${without}`
}

export function chainText({ entity, chain, rivals }: KeyStateJson): string {
  const date = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)
  const row = (mark: string) => (key: KeyStateJson['chain'][number]) => [
    mark,
    String(key.position),
    date(key.timeMs),
    key.id,
  ]
  const last = chain.length - 1
  const rows = chain.map((key, i) => row(i < last || rivals.length > 0 ? 'retired' : 'current')(key))
  const frozen = rivals.length === 0 ? '' : 'frozen: one of those at one place may be readmitted\n'
  return `@${entity}\n${columns([...rows, ...rivals.map(row('rival'))])}${frozen}`
}
