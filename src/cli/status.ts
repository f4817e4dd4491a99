/** `sheaf status`: how the node is. */
import type { Command } from 'commander'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { ago, clockText, columns, count, duration, oneLine, sizeText } from './shown.ts'

const ANSWER_WITHIN_MS = 10_000

export function register(program: Command, cli: Cli): void {
  program
    .command('status')
    .summary('how the node is')
    .description(
      'Prints who this node is, whom it is connected to, what it keeps, and what waits for holders.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the entity')
    .addHelpText('after', examples('sheaf status', 'sheaf status --json'))
    .action(async (options: CommonOptions) => {
      const status = await cli.client(ANSWER_WITHIN_MS).ask<StatusJson>('/v1/status')
      if (options.json) await cli.shell.out(jsonLine(status))
      else await cli.shell.out(options.quiet ? `${status.entity ?? ''}\n` : statusText(status))
    })
}

function statusText(status: StatusJson): string {
  const { stored, shard, nowMs } = status
  const clockOff = clockText(status.clock)
  const share = ((100 * stored.usedBytes) / stored.quotaBytes).toFixed(1)
  return columns([
    ['entity', status.entity === null ? 'none: sheaf init makes one' : `@${status.entity}`],
    ['device', status.device],
    ['network', oneLine(status.network)],
    ['running', `${duration(nowMs - status.startedMs)}, process ${status.pid}`],
    ['peers', `${status.peers}, of which ${status.peersAcceptingStores} accept pages to keep`],
    [
      'stored',
      `${count(stored.blocks, 'block')}, ${sizeText(stored.usedBytes)} of ${sizeText(stored.quotaBytes)} (${share} %)`,
    ],
    ...(stored.trouble === undefined ? [] : [['not writing', oneLine(stored.trouble)]]),
    ...(stored.damaged > 0 ? [['damaged', count(stored.damaged, 'block')]] : []),
    ['reachable', reachableText(status)],
    ...(clockOff === undefined ? [] : [['clock', `${clockOff}: set this machine's clock`]]),
    ['shard', shard.depth === 0 ? 'everything (depth 0)' : `depth ${shard.depth} at ${shard.address}`],
    ['waiting', waitingText(status)],
    ['queries', `${status.queriesServed} served, ${status.queriesWaiting} waiting`],
    ['last error', status.lastError === null ? 'none' : oneLine(status.lastError)],
  ])
}

/** As the nodes of the DHT see it. */
function reachableText({ reachability }: StatusJson): string {
  if (reachability == null) return 'not known yet: no node of the DHT has answered'
  const { host, port, isFirewalled, isRandomized } = reachability
  const seen =
    host === null ? 'seen under no one address' : `seen as ${oneLine(host)}${port > 0 ? `:${port}` : ''}`
  if (isRandomized) return `${seen}, behind a NAT that changes ports`
  return isFirewalled ? `${seen}, by whom it calls` : `${seen}, by everybody`
}

/** What of our own lacks holders. */
function waitingText({ pendingBatches, oldestPendingMs, nowMs }: StatusJson): string {
  if (pendingBatches === 0) return 'nothing: all that was published is held'
  const oldest = oldestPendingMs === null ? '' : `, the oldest published ${ago(oldestPendingMs, nowMs)}`
  return `${pendingBatches === 1 ? '1 batch' : `${pendingBatches} batches`} for holders${oldest}`
}
