/**
 * Keeps what V8 compiles of a built program on its usual ways: `node compile.cjs DIST INTO`. Two nodes on loopback pass a
 * page from one to the other, and a command asks a daemon that is not there; then each part's compiled
 * code is written to INTO. Where that does not work here, what was compiled until then is kept.
 */
const { randomBytes } = require('node:crypto')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join, resolve } = require('node:path')
const v8 = require('node:v8')

const HOST = '127.0.0.1'
const WITHIN_MS = 20_000
const PAGES = 32

const [dist, into] = process.argv.slice(2).map((folder) => resolve(folder))
const bundle = require(join(dist, 'open.cjs'))
const home = mkdtempSync(join(tmpdir(), 'sheaf-build-'))

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)

async function main() {
  // What is not used for a while is thrown away, and would not be kept.
  v8.setFlagsFromString('--no-flush-bytecode')
  try {
    process.argv = [process.execPath, join(dist, 'cli', 'main.js'), '--home', join(home, 'none'), 'status']
    await attempt(() => bundle.open('light', 'cli/main.ts'))
    await attempt(() => passPage(bundle.open('node', 'index.ts')))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  // Compiled code is good for the flags that it was compiled under.
  v8.setFlagsFromString('--flush-bytecode')
  for (const part of ['light', 'node']) {
    const bytes = bundle.compiled(part)
    if (bytes !== undefined) writeFileSync(join(into, `${part}.compiled`), bytes)
  }
}

async function attempt(work) {
  try {
    await work()
  } catch (error) {
    console.error(error)
  }
}

async function passPage(library) {
  if (library.runNode === undefined) return
  const seeds = await library.runBootstrap({ host: HOST, port: 0 })
  const nodes = []
  try {
    const network = library.networkOf('build', 4)
    const crypto = library.loadCrypto()
    const run = async (name, identity) => {
      const node = await library.runNode({
        home: join(home, name),
        network,
        crypto,
        identity,
        swarm: { bootstrap: seeds.address, host: HOST, port: 0, firewalled: false, connectionsMax: 8 },
        depth: 0,
        quotaBytes: 2 ** 30,
        acceptsStores: false,
        rehearses: false,
      })
      nodes.push(node)
      return node
    }
    const { secrets } = await library.createIdentity({
      network,
      crypto,
      random: randomBytes,
      nowMs: Date.now(),
    })
    const author = await run('author', library.identityOf(secrets, network, crypto))
    const pages = Array.from({ length: PAGES }, (_, i) => ({
      path: `page-${i}`,
      text: Buffer.from(`# Page ${i}\n\n${'What is read when a program is built. '.repeat(40)}\n`),
    }))
    const published = await author.api.run({ type: 'publish', pages, summary: '', index: true })
    const { device } = await author.api.run({ type: 'status' })
    const reader = await run('reader', {
      author: undefined,
      blocks: [],
      device: library.deviceKeyPair(randomBytes(32)),
      incarnation: randomBytes(16),
    })
    reader.connect(device)
    const untilMs = Date.now() + WITHIN_MS
    for await (const { type } of reader.api.events(0, AbortSignal.timeout(WITHIN_MS)))
      if (type === 'connected') break
    const ids = published.pages.map(({ id }) => id)
    await reader.api.run({ type: 'get', target: { id: ids.pop() }, untilMs })
    await reader.api.run({ type: 'fetch', ids, untilMs })
  } finally {
    for (const node of nodes.reverse()) await node.close()
    await seeds.close()
  }
}
