/** `sheaf id device`: the machines of one entity. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { DeclaredJson, MachinesJson } from '../node/io/control/entities.ts'
import { confirm } from './asking.ts'
import { type Cli, type CommonOptions, examples, jsonLine, progressOf, timesOf } from './cli.ts'
import { addConfigFlags, type ConfigFlags, configOf } from './config-flags.ts'
import { declaredText } from './declared.ts'
import { hadText } from './had.ts'
import { flagsOf } from './join.ts'
import { passphraseFor } from './passphrase.ts'
import { columns, dayText } from './shown.ts'

interface SureOptions extends CommonOptions {
  readonly yes?: boolean
}

interface RequestOptions extends CommonOptions {
  readonly invite?: string
}

const GRANT_PREFIX = 'sheaf-grant-'
/** A grant with the longest chain of keys. */
const LINE_BYTES_MAX = 2 * 1024 * 1024

export function register(id: Command, cli: Cli): void {
  const device = listing(id.command('device').summary('the machines of your entity'), cli)
  device.addHelpText('after', examples('sheaf id device', 'sheaf id device add REQUEST'))
  listing(device.command('list').summary('the same'), cli).addHelpText(
    'after',
    examples('sheaf id device list'),
  )
  addConfigFlags(
    device
      .command('request')
      .summary('on a new machine: ask to become one of an entity')
      .description(
        'Draws the key of this machine and prints one line for sheaf id device add. The line is no secret.',
      )
      .option('--invite <WORD>', 'where the network begins, from anybody who is in it')
      .option('--json', 'as one JSON object')
      .option('-q, --quiet', 'print only the line'),
  )
    .addHelpText('after', examples('sheaf id device request'))
    .action((_: unknown, command: Command) => request(cli, command.optsWithGlobals()))
  device
    .command('add')
    .summary('on a machine that you have: let another one in')
    .description(
      'Certifies the machine that asks, and prints the line for sheaf id device accept, sealed to it: nobody else ' +
        'can open it. That machine then signs as you do. Compare the key that is shown with what the other one shows.',
    )
    .argument('<REQUEST>', 'the line that sheaf id device request printed')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the line')
    .addHelpText('after', examples('sheaf id device add REQUEST'))
    .action((line: string, _: unknown, command: Command) => add(cli, line, command.optsWithGlobals()))
  device
    .command('accept')
    .summary('on the new machine: take what sheaf id device add printed')
    .argument('<GRANT|FILE>', 'the line, or a file that holds it')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the entity')
    .addHelpText('after', examples('sheaf id device accept GRANT'))
    .action((grant: string, _: unknown, command: Command) => accept(cli, grant, command.optsWithGlobals()))
  device
    .command('revoke')
    .summary('say that a machine is yours no more')
    .description(
      'Its certificate counts no more for whoever hears of that. Whoever has the machine may have your key: where it ' +
        'was stolen, take the next key too, with the 24 words (sheaf id rotate).',
    )
    .argument('<DEVICE>', 'its key, as sheaf id device lists it')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the record')
    .addHelpText('after', examples('sheaf id device revoke DEVICE'))
    .action((key: string, _: unknown, command: Command) => revoke(cli, key, command.optsWithGlobals()))
}

function listing(command: Command, cli: Cli): Command {
  return command
    .description(
      'Lists the machines that your entity certified, what each last said that it has, and which were revoked.',
    )
    .option('--timeout <SECONDS>', 'how long to look for them')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the keys of those that count')
    .action(() => list(cli, command.optsWithGlobals()))
}

async function list(cli: Cli, options: CommonOptions): Promise<void> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const found = await cli.client(deadlineMs).ask<MachinesJson>('/v1/devices', { query: { timeoutMs } })
  if (options.json) return cli.shell.out(jsonLine(found))
  const valid = found.devices.filter(({ revokedMs }) => revokedMs === null)
  if (options.quiet) return cli.shell.out(valid.map(({ device }) => `${device}\n`).join(''))
  const rows = found.devices.map(({ device, sinceMs, revokedMs, isThis, had }) => [
    device,
    sinceMs === null ? '' : `since ${dayText(sinceMs)}`,
    revokedMs === null ? (isThis ? 'this one' : '') : `revoked ${dayText(revokedMs)}`,
    had === null ? '' : hadText(had),
  ])
  await cli.shell.out(rows.length === 0 ? 'no machines were found\n' : columns(rows))
}

async function request(cli: Cli, options: RequestOptions & ConfigFlags): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const { inviteFromText } = await import('../node/invite.ts')
  const invited = options.invite === undefined ? {} : flagsOf(inviteFromText(options.invite), undefined)
  const config = configOf(cli, { ...invited, ...options })
  const { hasIdentity } = await import('../node/io/identity/identity.ts')
  if (hasIdentity(paths.identity)) {
    throw new SheafError('ALREADY_EXISTS', `there is an identity at ${paths.identity}`, {
      hint: 'another machine of an entity is another home: --home DIR',
    })
  }
  const { askForDevice } = await import('../node/io/identity/device-request.ts')
  const { networkOf } = await import('../base/network.ts')
  const { writeConfig } = await import('../node/io/config/config.ts')
  const { idToText } = await import('../base/text-id.ts')
  const progress = progressOf(shell, options)
  const asked = await askForDevice(paths.home, networkOf(config.network, config.puzzleBits), {
    random: (length) => randomBytes(length),
    signal: shell.signal,
    onProgress: (tries, expected) =>
      progress.show(`the work of this machine: ${tries} tries of about ${expected}`),
  }).finally(() => progress.clear())
  if (!existsSync(paths.config)) writeConfig(paths.config, config)
  const device = idToText(asked.device)
  if (options.json) return shell.out(jsonLine({ device, request: asked.line }))
  if (options.quiet) return shell.out(`${asked.line}\n`)
  await shell.out(`This machine is ${device}. On a machine that you have already:

  sheaf id device add ${asked.line}
`)
}

async function add(cli: Cli, line: string, options: SureOptions): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const { requestFromText, grantFor } = await import('../node/io/identity/enrolling.ts')
  const { readConfig } = await import('../node/io/config/config.ts')
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { idToText } = await import('../base/text-id.ts')
  const { readSecrets } = await import('../node/io/identity/identity.ts')
  const asked = requestFromText(line)
  const device = idToText(asked.device)
  const config = readConfig({ env: shell.env, file: paths.config })
  const secrets = readSecrets(paths.identity, await passphraseFor(cli))
  await confirm(shell, `Let the machine ${device} sign as you?`, options)
  const grant = grantFor(asked, secrets, {
    network: networkOf(config.network, config.puzzleBits),
    crypto: loadCrypto(config.crypto),
    random: (length) => randomBytes(length),
    nowMs: Date.now(),
  })
  if (options.json) return shell.out(jsonLine({ device, grant }))
  if (options.quiet) return shell.out(`${grant}\n`)
  await shell.out(`On the new machine, which must be ${device}:

  sheaf id device accept ${grant}
`)
}

async function accept(cli: Cli, grant: string, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const { readConfig } = await import('../node/io/config/config.ts')
  const { loadCrypto } = await import('../base/crypto.ts')
  const { networkOf } = await import('../base/network.ts')
  const { idToText } = await import('../base/text-id.ts')
  const { pendingDevice, requestPath } = await import('../node/io/identity/device-request.ts')
  const { secretsFromGrant } = await import('../node/io/identity/enrolling.ts')
  const { identityOf, saveIdentity } = await import('../node/io/identity/identity.ts')
  const crypto = loadCrypto(readConfig({ env: shell.env, file: paths.config }).crypto)
  const pending = pendingDevice(paths.home)
  const secrets = secretsFromGrant(lineOf(shell.cwd, grant), pending, crypto)
  saveIdentity(paths.identity, secrets)
  rmSync(requestPath(paths.home), { force: true })
  const { entity, device } = identityOf(secrets, networkOf(pending.network, pending.puzzleBits), crypto)
  const [whose, which] = [idToText(entity), idToText(device.publicKey)]
  if (options.json) return shell.out(jsonLine({ entity: whose, device: which }))
  await shell.out(
    options.quiet ? `${whose}\n` : `This machine is one of @${whose} now: sheaf start --daemon\n`,
  )
}

async function revoke(cli: Cli, device: string, options: SureOptions): Promise<void> {
  await confirm(cli.shell, `Revoke the machine ${device} for good?`, options)
  const json = { device }
  const declared = await cli.client().ask<DeclaredJson>('/v1/devices/revoke', { method: 'POST', json })
  if (options.json) await cli.shell.out(jsonLine(declared))
  else await cli.shell.out(options.quiet ? `${declared.id}\n` : declaredText('the revocation', declared))
}

/** The argument itself, or what a file of that name holds. */
function lineOf(folder: string, argument: string): string {
  if (argument.startsWith(GRANT_PREFIX)) return argument
  const path = resolve(folder, argument)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile()) {
    throw new SheafError('BAD_ARGUMENT', `neither a grant, which begins with ${GRANT_PREFIX}, nor a file`)
  }
  if (stat.size > LINE_BYTES_MAX) throw new SheafError('TOO_LARGE', `a grant of ${stat.size} bytes`)
  return readFileSync(path, 'utf8')
}
