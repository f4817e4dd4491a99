/**
 * The child process that one role of one side runs in. The harness sends commands over the IPC channel that
 * `fork` opens; this file holds the clock around them. It ends when it is told to close or when the harness goes.
 */

import { readFile } from 'node:fs/promises'
import type { Address, Fetcher, FetchWork, Holder, Page, Publisher, Side, SideOptions } from './side.ts'

/** What each command takes and answers with. Times are milliseconds of the monotonic clock. */
export interface Commands {
  startPublisher(options: SideOptions): Promise<null>
  startFetcher(options: SideOptions): Promise<null>
  startHolder(options: SideOptions, address: Address): Promise<null>
  importPages(corpusFile: string, mode: string): Promise<{ ms: number; ids: string[] }>
  publishEach(corpusFile: string, held: boolean): Promise<{ eachMs: number[] }>
  serve(): Promise<Address>
  connect(address: Address): Promise<{ ms: number }>
  fetch(ids: string[], concurrency: number): Promise<{ ms: number } & FetchWork>
  queryEach(ids: string[]): Promise<{ eachMs: number[] }>
  countEqual(corpusFile: string, ids: string[]): Promise<number>
  /** Waits until the publisher has nothing more to do. */
  settle(): Promise<null>
  /** What the process has used so far, and holds at this moment. */
  state(): Promise<{ cpuMs: number; rssMb: number; trafficBytes: number }>
  /** Processor time so far and the peak of resident memory. */
  usage(): Promise<{ cpuMs: number; peakRssMb: number }>
  close(): Promise<null>
}

export type CommandName = keyof Commands
export type Request = { id: number; command: CommandName; args: unknown[] }
export type Reply = { id: number; result: unknown } | { id: number; error: string }

const sideUrl = process.argv[2]
if (sideUrl === undefined || process.send === undefined) throw new Error('started by the bench harness only')
serveCommands(createCommands(((await import(sideUrl)) as { side: Side }).side))

function createCommands(side: Side): Commands {
  let publisher: Publisher | undefined
  let fetcher: Fetcher | undefined
  let holder: Holder | undefined

  return {
    async startPublisher(options) {
      publisher = await side.startPublisher(options)
      return null
    },
    async startFetcher(options) {
      fetcher = await side.startFetcher(options)
      return null
    },
    async startHolder(options, address) {
      holder = await started(side.startHolder)(options, address)
      return null
    },
    async importPages(corpusFile, mode) {
      const pages = await readCorpus(corpusFile)
      const { ms, result } = await timed(() => started(publisher).importPages(pages, mode))
      return { ms, ids: result }
    },
    async publishEach(corpusFile, held) {
      const pages = await readCorpus(corpusFile)
      const target = started(publisher)
      const publish = held ? started(target.publishHeld).bind(target) : target.publish.bind(target)
      return { eachMs: await timedEach(pages, publish) }
    },
    async serve() {
      return await started(publisher).serve()
    },
    async connect(address) {
      const { ms } = await timed(() => started(fetcher).connect(address))
      return { ms }
    },
    async fetch(ids, concurrency) {
      const { ms, result } = await timed(() => started(fetcher).fetch(ids, concurrency))
      return { ms, ...result }
    },
    async queryEach(ids) {
      return { eachMs: await timedEach(ids, (id) => started(fetcher).query(id)) }
    },
    async countEqual(corpusFile, ids) {
      const pages = await readCorpus(corpusFile)
      let equal = 0
      for (const [index, id] of ids.entries()) {
        if ((await started(fetcher).read(id)) === pages[index]?.markdown) equal++
      }
      return equal
    },
    async settle() {
      await started(publisher).settled?.()
      return null
    },
    async state() {
      const { user, system } = process.cpuUsage()
      return {
        cpuMs: (user + system) / 1000,
        rssMb: process.memoryUsage.rss() / 2 ** 20,
        trafficBytes: publisher?.trafficBytes?.() ?? 0,
      }
    },
    async usage() {
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
      return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakRssMb: maxRSS / 1024 }
    },
    async close() {
      await Promise.all([publisher?.close(), fetcher?.close(), holder?.close()])
      return null
    },
  }
}

/** Answers each request with its result or the error's text, one at a time as the harness sends them. */
function serveCommands(commands: Commands): void {
  process.on('message', async (request: Request) => {
    let reply: Reply
    try {
      const command = commands[request.command] as (...args: unknown[]) => Promise<unknown>
      reply = { id: request.id, result: await command(...request.args) }
    } catch (error) {
      reply = {
        id: request.id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }
    }
    process.send!(reply, () => {
      if (request.command === 'close') process.exit(0)
    })
  })
  process.on('disconnect', () => process.exit(1))
}

/** The corpus that `writeCorpus` left: one page a line. */
async function readCorpus(corpusFile: string): Promise<Page[]> {
  const lines = (await readFile(corpusFile, 'utf8')).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Page)
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ ms: number; result: Result }> {
  const startMs = performance.now()
  const result = await work()
  return { ms: performance.now() - startMs, result }
}

async function timedEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<number[]> {
  const eachMs: number[] = []
  for (const item of items) eachMs.push((await timed(() => work(item))).ms)
  return eachMs
}

function started<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('this side has not started that part')
  return part
}
