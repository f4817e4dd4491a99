/** `sheaf peers`: whom the node is connected to, and what it thinks of them. */
import type { Command } from 'commander'
import type { PeerJson } from '../node/io/control/shapes.ts'
import { type Called, calledBy } from './called.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { columns, duration, oneLine } from './shown.ts'

const ANSWER_WITHIN_MS = 10_000

export function register(program: Command, cli: Cli): void {
  program
    .command('peers')
    .summary('whom the node is connected to')
    .description('Prints the peers of the node, the best first, and why they rank so.')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the keys of their devices')
    .addHelpText('after', examples('sheaf peers', 'sheaf peers --json'))
    .action(async (options: CommonOptions) => {
      const answer = await cli.client(ANSWER_WITHIN_MS).ask<{ peers: PeerJson[] }>('/v1/peers')
      const peers = answer.peers.sort((a, b) => b.score - a.score)
      if (options.json) await cli.shell.out(jsonLine({ peers }))
      else if (options.quiet) await cli.shell.out(peers.map(({ device }) => `${device}\n`).join(''))
      else await cli.shell.out(peers.length === 0 ? 'no peers\n' : peersText(peers, await calledBy(cli)))
    })
}

function peersText(peers: readonly PeerJson[], called: Called): string {
  return columns([
    ['DEVICE', 'SESSION', 'KEEPS', 'SCORE', 'CONNECTED', 'WHY'],
    ...peers.map((peer) => [
      `${peer.device}${called(peer.entity)}`,
      peer.session,
      peer.acceptsStores ? 'yes' : 'no',
      peer.score.toFixed(2),
      duration(peer.connectedMs),
      oneLine(peer.why.join(', ')),
    ]),
  ])
}
