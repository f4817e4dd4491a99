/**
 * `sheaf demo`: the whole path of a page on one machine, in five processes of their own on a
 * private DHT. Four nodes are there when a wiki is published; the fifth comes later, knows
 * only the name of the space, and earns every page.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Bootstrap, runBootstrap } from '../node/io/bootstrap.ts'
import { lineOf } from '../node/io/control/lines.ts'
import type { HeldJson, PageJson, PeerJson, StatusJson, WhereJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { type PageFile, readFolder, readPageFile } from './folder.ts'
import { type LocalNode, startLocalNode } from './local-nodes.ts'
import { columns, count, oneLine } from './shown.ts'

interface DemoOptions extends CommonOptions {
  readonly keep?: boolean
}

const WIKI = fileURLToPath(new URL('../../examples/wiki', import.meta.url))
const NAMES = ['ada', 'ben', 'cleo', 'dan'] as const
const NEWCOMER = 'eve'
/** Ids of devices are shown by name, or by this many letters. */
const SHORT = 8
const MEET_WITHIN_MS = 30_000

export function register(program: Command, cli: Cli): void {
  program
    .command('demo')
    .summary('the path of a page, on this machine')
    .description(
      'Starts a private DHT and five nodes, publishes a small wiki on one of them and reads every page on another ' +
        'that earned it. Everything stays on 127.0.0.1 and in a temporary folder.',
    )
    .option('--keep', 'leave the nodes running until Ctrl-C, and say how to talk to them')
    .option('--json', 'the result as one JSON object')
    .addHelpText('after', examples('sheaf demo', 'sheaf demo --keep'))
    .action((options: DemoOptions) => demo(cli, options))
}

async function demo(cli: Cli, options: DemoOptions): Promise<void> {
  const { shell } = cli
  const say = (text: string): void => {
    if (options.json !== true) void shell.out(`${text}\n`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-demo-'))
  const nodes: LocalNode[] = []
  let seeds: Bootstrap | undefined
  const begun = Date.now()
  try {
    seeds = await runBootstrap({ host: '127.0.0.1', port: 0 })
    const network = { folder, bootstrap: seeds.address, network: 'demo', signal: shell.signal }
    say('1. A private network: three DHT seeds and four nodes, each a process of its own.')
    const started = await Promise.allSettled(NAMES.map((name) => startLocalNode(name, network)))
    for (const one of started) if (one.status === 'fulfilled') nodes.push(one.value)
    for (const one of started) if (one.status === 'rejected') throw one.reason
    const [author] = nodes as [LocalNode]
    await meet(author, NAMES.length - 1)

    const files = readFolder(WIKI, undefined).files
    say(`\n2. ${author.name} publishes ${count(files.length, 'page')} as @${author.entity}.`)
    const held = await publish(author, files)
    say(
      `   Stored on ${author.name}'s disk, and held by ${held.held} of ${held.target} peers that signed for it.`,
    )

    say(`\n3. ${NEWCOMER} joins. All it knows is the name of the space and where the network begins.`)
    const newcomer = await startLocalNode(NEWCOMER, network)
    nodes.push(newcomer)
    await meet(newcomer, 1)
    const names = await deviceNames(nodes)
    const read = await readAll(newcomer, author.entity, files, names)
    say(
      columns([
        ['PAGE', 'BYTES', 'ANSWERED', 'HELD BY'],
        ...read.map(({ path, bytes, answered, heldBy }) => [
          path,
          String(bytes),
          answered.join(' '),
          heldBy.join(' '),
        ]),
      ]).trimEnd(),
    )

    say(`\n4. How ${newcomer.name} ranks those it dealt with:`)
    const { peers } = await newcomer.client.ask<{ peers: PeerJson[] }>('/v1/peers')
    const ranked = peers
      .map(({ device, score, why }) => ({ name: names.get(device) ?? device.slice(0, SHORT), score, why }))
      .sort((a, b) => b.score - a.score)
    say(
      columns([
        ['PEER', 'SCORE', 'WHY'],
        ...ranked.map(({ name, score, why }) => [name, score.toFixed(2), oneLine(why.join(', '))]),
      ]).trimEnd(),
    )
    const tookMs = Date.now() - begun
    if (options.json)
      await shell.out(jsonLine({ author: author.entity, held: held.held, pages: read, ranked, tookMs }))
    say(
      `\nEvery page came back byte for byte, signed by @${author.entity}. That took ${(tookMs / 1000).toFixed(1)} s.`,
    )
    if (options.keep) await keep(nodes, author, say, shell.signal)
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
    await seeds?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits until a node has sessions with this many peers that keep pages. */
async function meet(node: LocalNode, peers: number): Promise<void> {
  const until = Date.now() + MEET_WITHIN_MS
  const isEnough = async (): Promise<boolean> =>
    (await node.client.ask<StatusJson>('/v1/status')).peersAcceptingStores >= peers
  if (await isEnough()) return
  for await (const event of node.client.stream('/v1/events', { query: { since: 0 } })) {
    if ((event.type === 'introduced' || event.type === 'opened') && (await isEnough())) return
    if (Date.now() > until) break
  }
  throw new SheafError('NO_PEERS', `${node.name} did not meet ${count(peers, 'peer')} in time`)
}

async function publish(node: LocalNode, files: readonly PageFile[]): Promise<HeldJson> {
  async function* lines(): AsyncGenerator<string> {
    for (const file of files)
      yield lineOf({ path: file.path, text: Buffer.from(readPageFile(file).bytes).toString() })
  }
  let done: HeldJson | undefined
  for await (const line of node.client.stream('/v1/publish', { method: 'POST', lines: lines() })) {
    if (line.type === 'done') done = line as unknown as HeldJson
  }
  if (done?.isHeld !== true) throw new SheafError('NOT_HELD', `held ${done?.held ?? 0}/${done?.target ?? 0}`)
  return done
}

interface ReadPage {
  path: string
  bytes: number
  answered: string[]
  heldBy: string[]
}

/** Reads each page as a stranger would and compares it with the file that it was made from. */
async function readAll(
  node: LocalNode,
  entity: string,
  files: readonly PageFile[],
  names: ReadonlyMap<string, string>,
): Promise<ReadPage[]> {
  const nameOf = (device: string): string => names.get(device) ?? device.slice(0, SHORT)
  const { pages } = await node.client.ask<{ pages: { path: string }[] }>('/v1/list', {
    query: { space: `@${entity}` },
  })
  const listed = new Set(pages.map(({ path }) => path))
  const read: ReadPage[] = []
  for (const file of files) {
    if (!listed.has(file.path)) throw new SheafError('NOT_FOUND', `${file.path} is not in the space's list`)
    const page = `@${entity}/${file.path}`
    const got = await node.client.ask<PageJson>('/v1/get', { query: { page } })
    if (!Buffer.from(got.text).equals(readPageFile(file).bytes)) {
      throw new SheafError('BAD_PROOF', `${file.path} came back different from what was published`)
    }
    const where = await node.client.ask<WhereJson>('/v1/where', { query: { page } })
    read.push({
      path: file.path,
      bytes: Buffer.byteLength(got.text),
      answered: got.asked.filter(({ answer }) => answer === 'found').map(({ device }) => nameOf(device)),
      heldBy: where.holders.map(({ device }) => nameOf(device)),
    })
  }
  return read
}

async function deviceNames(nodes: readonly LocalNode[]): Promise<Map<string, string>> {
  const statuses = await Promise.all(nodes.map(({ client }) => client.ask<StatusJson>('/v1/status')))
  return new Map(statuses.map(({ device }, i) => [device, nodes[i]!.name]))
}

/** Leaves everything running until Ctrl-C. */
async function keep(
  nodes: readonly LocalNode[],
  author: LocalNode,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  say('\nThe nodes go on until Ctrl-C. In another terminal:')
  for (const { name, home } of nodes) say(`  sheaf --home ${home} status    # ${name}`)
  const reader = nodes.at(-1)!
  say(`  sheaf --home ${reader.home} get @${author.entity}/index`)
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
