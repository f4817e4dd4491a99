/** The child of loopback.test.ts: a network and two swarms that meet on it; says so, and stays until told to end. */
import { createHash } from 'node:crypto'
import Hyperswarm from 'hyperswarm'
import { loopbackNode, network } from './network.ts'
import { until } from './until.ts'

const topic = createHash('sha256').update('loopback').digest()

const { bootstrap, close } = await network()
const server = new Hyperswarm({ dht: loopbackNode(bootstrap) })
const client = new Hyperswarm({ dht: loopbackNode(bootstrap) })

// Whoever parts second sees the connection reset.
for (const swarm of [server, client]) swarm.on('connection', (stream) => stream.on('error', () => {}))

await server.join(topic, { server: true, client: false }).flushed()
const met = Promise.all([until(server, 'connection'), until(client, 'connection')])
client.join(topic, { server: false, client: true })
await met

process.send?.('met')
await until(process, 'message')
await Promise.all([server.destroy(), client.destroy()])
await close()
process.disconnect()
