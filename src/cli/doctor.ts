/** `sheaf doctor`: what may keep this node from working, and what mends it. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import type { Config } from '../node/io/config/options.ts'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { columns, count, oneLine } from './shown.ts'

const ANSWER_WITHIN_MS = 5_000

export function register(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .summary('what keeps the node from working')
    .description(
      'Looks at everything that a node needs, and says for each whether it is well and what mends it. It asks the ' +
        'configured nodes of the DHT. Ends with 1 where something fails.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only what is not well')
    .addHelpText('after', examples('sheaf doctor', 'sheaf doctor --json'))
    .action((options: CommonOptions) => doctor(cli, options))
}

async function doctor(cli: Cli, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { examine } = await import('../node/io/checkup.ts')
  const paths = cli.paths()
  const config = await configOf(cli)
  const findings = await examine({ paths, env: shell.env, config, status: await statusOf(cli) })
  const failures = findings.filter(({ verdict }) => verdict === 'failure').length
  if (options.json) {
    const said = findings.map((one) => ({ ...one, remedy: one.remedy ?? null }))
    await shell.out(jsonLine({ isWell: failures === 0, findings: said }))
  } else {
    const shown = options.quiet ? findings.filter(({ verdict }) => verdict !== 'ok') : findings
    const rows = shown.map(({ check, verdict, says, remedy }) => [
      verdict,
      check,
      oneLine(remedy === undefined ? says : `${says}; ${remedy}`),
    ])
    await shell.out(columns(rows))
  }
  if (failures > 0) throw new SheafError('INCOMPLETE', `${count(failures, 'check')} failed`)
}

async function configOf(cli: Cli): Promise<Config | undefined> {
  const { readConfig } = await import('../node/io/config/config.ts')
  try {
    return readConfig({ env: cli.shell.env, file: cli.paths().config })
  } catch (error) {
    if (asSheafError(error).code === 'BAD_CONFIG') return undefined
    throw error
  }
}

/** A node that does not answer is as good as none. */
async function statusOf(cli: Cli): Promise<StatusJson | undefined> {
  try {
    return await cli.client(ANSWER_WITHIN_MS).ask<StatusJson>('/v1/status')
  } catch (error) {
    if (asSheafError(error).code === 'CANCELLED') throw error
    return undefined
  }
}
