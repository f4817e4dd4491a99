/** A control server before a fake node, in a folder of its own, and ways to talk to it. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { idToText } from '../../../../src/base/text-id.ts'
import { ControlClient } from '../../../../src/node/io/control/client.ts'
import { type ControlServer, serveControl } from '../../../../src/node/io/control/server.ts'
import { type FakeNode, fakeNode, type Overrides } from '../../../cli/fake-node.ts'
import { type Teardown, tempHome } from '../../../helpers/home.ts'

export const CONFIG = { getTimeoutMs: 1_000, publishPatienceMs: 2_000 }
export const NOW_MS = 1_000_000
export const NDJSON = { 'content-type': 'application/x-ndjson' }

export interface Served {
  node: FakeNode
  client: ControlClient
  socketPath: string
  control: ControlServer
  me: string
}

export async function serve(t: Teardown, overrides: Overrides = {}): Promise<Served> {
  const socketPath = join(tempHome(t), 'run', 'control.sock')
  const node = fakeNode(overrides)
  const control = await serveControl(node.api, { socketPath, config: CONFIG, nowMs: () => NOW_MS })
  t.teardown(() => control.close())
  return { node, control, socketPath, client: new ControlClient({ socketPath }), me: idToText(node.entity) }
}

export async function collect(lines: AsyncIterable<object>): Promise<object[]> {
  const all: object[] = []
  for await (const line of lines) all.push(line)
  return all
}

export async function* linesOf(...objects: object[]): AsyncGenerator<string> {
  for (const object of objects) yield `${JSON.stringify(object)}\n`
}

export async function publish(client: ControlClient, ...pages: object[]): Promise<object[]> {
  return collect(client.stream('/v1/publish', { method: 'POST', lines: linesOf(...pages) }))
}

/** A request as it stands, without the client's help. */
export async function raw(
  socketPath: string,
  { method = 'GET', path = '/v1/status', headers = {}, body = '' },
): Promise<{ status: number; code: string | undefined; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest({ socketPath, method, path, headers, agent: false }, resolve)
    sent.on('error', reject)
    sent.end(body)
  })
  let text = ''
  for await (const chunk of response) text += chunk
  const [first = '{}'] = text.split('\n')
  const { error } = JSON.parse(first) as { error?: { code: string } }
  return { status: response.statusCode ?? 0, code: error?.code, text }
}
