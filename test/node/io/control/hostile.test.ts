import test from 'brittle'
import { idToText } from '../../../../src/base/text-id.ts'
import { LINE_BYTES_MAX } from '../../../../src/node/io/control/lines.ts'
import { idOf } from '../../../cli/fake-node.ts'
import { codeOfAsync } from '../../../cli/fake-shell.ts'
import { collect, NDJSON, raw, serve } from './served.ts'

test('control - hostile requests get a code, and the server goes on', async (t) => {
  const { socketPath, client } = await serve(t)
  const json = { 'content-type': 'application/json' }
  const cases: [string, Parameters<typeof raw>[1], number, string][] = [
    ['a web page asks', { headers: { origin: 'http://example.org' } }, 403, 'REFUSED'],
    ['no such route', { path: '/v2/status' }, 501, 'UNSUPPORTED'],
    ['no such method', { method: 'DELETE' }, 501, 'UNSUPPORTED'],
    ['an unknown parameter', { path: '/v1/status?verbose=1' }, 400, 'BAD_ARGUMENT'],
    ['a parameter twice', { path: '/v1/get?page=@me/a&page=@me/b' }, 400, 'BAD_ARGUMENT'],
    ['both page and id', { path: '/v1/get?page=@me/a&id=x' }, 400, 'BAD_ARGUMENT'],
    ['neither page nor id', { path: '/v1/get' }, 400, 'BAD_ARGUMENT'],
    ['an id that is none', { path: '/v1/get?id=AAAA' }, 400, 'BAD_ARGUMENT'],
    ['a page that climbs', { path: '/v1/get?page=@me/../../etc/passwd' }, 400, 'BAD_PATH'],
    ['a page with NUL', { path: '/v1/get?page=@me/a%00b' }, 400, 'BAD_PATH'],
    ['a space that is none', { path: '/v1/list?space=me' }, 400, 'BAD_ARGUMENT'],
    ['a timeout that is none', { path: '/v1/get?page=@me/a&timeoutMs=-1' }, 400, 'BAD_ARGUMENT'],
    ['a timeout beyond all', { path: '/v1/get?page=@me/a&timeoutMs=60001' }, 400, 'BAD_ARGUMENT'],
    ['a number that is none', { path: '/v1/events?since=1e3' }, 400, 'BAD_ARGUMENT'],
    ['a long parameter', { path: `/v1/list?space=${'a'.repeat(9_000)}` }, 413, 'TOO_LARGE'],
    ['a page that is not there', { path: '/v1/get?page=@me/none' }, 404, 'NOT_FOUND'],
    [
      'a broken JSON body',
      { method: 'PUT', path: '/v1/log-level', headers: json, body: '{' },
      400,
      'BAD_ARGUMENT',
    ],
    ['no body', { method: 'PUT', path: '/v1/log-level' }, 400, 'BAD_ARGUMENT'],
    [
      'a poisoned body',
      { method: 'PUT', path: '/v1/log-level', headers: json, body: '{"__proto__": {"level": "info"}}' },
      400,
      'BAD_ARGUMENT',
    ],
    [
      'a large body',
      { method: 'PUT', path: '/v1/log-level', headers: json, body: `{"level": "${'a'.repeat(70_000)}"}` },
      413,
      'TOO_LARGE',
    ],
    [
      'a body of another type',
      { method: 'POST', path: '/v1/publish', headers: json, body: '{}' },
      400,
      'BAD_ARGUMENT',
    ],
    ['no lines', { method: 'POST', path: '/v1/publish', headers: NDJSON }, 400, 'BAD_ARGUMENT'],
  ]
  for (const [what, request, status, code] of cases) {
    const answer = await raw(socketPath, request)
    t.alike([answer.status, answer.code], [status, code], what)
  }
  t.ok(await client.ask('/v1/status'))
})

test('control - a failed look-up says who was asked', async (t) => {
  const { client } = await serve(t)
  try {
    await client.ask('/v1/get', { query: { page: '@me/none' } })
    t.fail()
  } catch (error) {
    t.alike((error as { details: object }).details, {
      asked: [
        { device: idToText(idOf('peer')), answer: 'unknown' },
        { device: idToText(idOf('other')), answer: 'unreachable' },
      ],
    })
  }
})

test('control - a bad line of a publish is named, and nothing of its batch is stored', async (t) => {
  const { socketPath, node } = await serve(t)
  const good = JSON.stringify({ path: 'good', text: 'text' })
  const cases: [string, string, string][] = [
    ['not JSON', '{"path"', 'BAD_FORMAT'],
    ['no object', '["a"]', 'BAD_FORMAT'],
    ['null', 'null', 'BAD_FORMAT'],
    ['no text', '{"path":"a"}', 'BAD_ARGUMENT'],
    ['text and delete', '{"path":"a","text":"","delete":true}', 'BAD_ARGUMENT'],
    ['delete false', '{"path":"a","delete":false}', 'BAD_ARGUMENT'],
    ['another field', '{"path":"a","text":"","owner":"me"}', 'BAD_ARGUMENT'],
    ['a number for a text', '{"path":"a","text":1}', 'BAD_ARGUMENT'],
    ['a path that climbs', '{"path":"../a","text":""}', 'BAD_PATH'],
    ['an empty path', '{"path":"","text":""}', 'BAD_PATH'],
    ['CRLF', '{"path":"a","text":"a\\r\\nb"}', 'BAD_TEXT'],
    ['a byte-order mark', '{"path":"a","text":"\\ufeffa"}', 'BAD_TEXT'],
    ['half a pair', '{"path":"a","text":"\\ud800"}', 'BAD_TEXT'],
    ['a text above the bound', `{"path":"a","text":"${'a'.repeat(4 * 1024 * 1024 + 1)}"}`, 'TOO_LARGE'],
  ]
  for (const [what, line, code] of cases) {
    const body = `${good}\n${line}\n${good}\n`
    const answer = await raw(socketPath, { method: 'POST', path: '/v1/publish', headers: NDJSON, body })
    t.is(answer.code, code, what)
    t.ok(/(page|line) 2/.test(answer.text), 'and its number told')
  }
  t.is(node.pages.size, 0)
})

test('control - a line that never ends is refused at its bound', async (t) => {
  const { client, node } = await serve(t)
  let sent = 0
  async function* endless(): AsyncGenerator<string> {
    const chunk = 'a'.repeat(1024 * 1024)
    for (; sent < 4 * LINE_BYTES_MAX; sent += chunk.length) yield chunk
  }
  const lines = client.stream('/v1/publish', { method: 'POST', lines: endless() })
  t.is(await codeOfAsync(collect(lines)), 'TOO_LARGE')
  t.ok(sent < 2 * LINE_BYTES_MAX, 'and is not read to its end')
  t.is(node.pages.size, 0)
  t.ok(await client.ask('/v1/status'))
})
