import test from 'brittle'
import fc from 'fast-check'
import { type Commit, readCommits } from '../../../src/cli/git/stream.ts'
import { parameters } from '../../helpers/seed.ts'

const OID = 'b30eee6e6f5f424be1d1d5353bff7c891dee27d3'
const STREAM = `reset ${OID}
commit ${OID}
mark :1
original-oid ${OID}
author Ann B. <a@b> 1795249897 +0000
committer Bo <b@c> -5 -0130
data 11
first
body
M 100644 ${OID} g/a.md
M 100755 ${OID} "sp ace \\"q\\" \\303\\251\\n.md"
M 120000 ${OID} link.md
M 160000 ${OID} module

commit ${OID}
mark :2
original-oid ${OID}
gpgsig sha1 openpgp
data 3
sig
author <a@b> 7 +0000
committer Bo <b@c> 7 +0000
data 0
from :1
merge :1
R g/a.md "g/b c.md"
R "x y.md" z.md
D link.md

`

async function* inChunks(text: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string | Uint8Array, size = 1_000): Promise<Commit[]> {
  const commits: Commit[] = []
  for await (const commit of readCommits(inChunks(text, size))) commits.push(commit)
  return commits
}

const codeOf = (text: string) =>
  read(text).then(
    () => 'none',
    (error: { code?: string }) => error.code,
  )

test('git stream - commits with their words, parents and paths, however the bytes come', async (t) => {
  for (const size of [1, 7, 1_000]) {
    const [first, second] = await read(STREAM, size)
    t.is(first!.author, 'Ann B.')
    t.is(first!.timeS, -5)
    t.is(first!.message, 'first\nbody\n')
    t.alike(first!.changes, [
      { path: 'g/a.md', blob: OID },
      { path: 'sp ace "q" é\n.md', blob: OID },
      { path: 'link.md', blob: undefined },
      { path: 'module', blob: undefined },
    ])
    t.alike(second!.parents, [1, 1])
    t.is(second!.message, '')
    t.alike(second!.changes, [
      { path: 'g/b c.md', blob: undefined, from: 'g/a.md' },
      { path: 'z.md', blob: undefined, from: 'x y.md' },
      { path: 'link.md', blob: undefined },
    ])
  }
})

test('git stream - what is no such stream ends with a code, and nothing is without end', async (t) => {
  for (const text of [
    'blob\n',
    'commit x\n',
    STREAM.replace('mark :1', 'mark :x'),
    STREAM.replace('data 11', 'data 999999'),
    STREAM.replace('data 11', 'data -1'),
    STREAM.replace('M 100644', 'M 1'),
    STREAM.replace('"g/b c.md"', '"g/b c.md'),
    STREAM.replace(`original-oid ${OID}`, 'original-oid ../../etc'),
  ]) {
    t.is(await codeOf(text), 'BAD_FORMAT', text.slice(0, 60))
  }
  t.is(await codeOf(`commit ${'x'.repeat(70_000)}`), 'TOO_LARGE')
  t.is(await codeOf(STREAM.replace('merge :1', 'merge :1\n'.repeat(80).trim())), 'TOO_LARGE')
  const long = STREAM.replace('data 11\nfirst\nbody\n', `data 1000000\n${'m'.repeat(1_000_000)}`)
  t.ok((await read(long))[0]!.message.length < 20_000, 'of a long message only its beginning is kept')
})

test('git stream - any spoiled stream is read or refused with a code', async (t) => {
  const bytes = Buffer.from(STREAM)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length),
      fc.uint8Array({ maxLength: 8 }),
      fc.nat(20),
      async (at, put, drop) => {
        const spoiled = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)])
        try {
          await read(spoiled)
          return true
        } catch (error) {
          return ['BAD_FORMAT', 'TOO_LARGE'].includes((error as { code: string }).code)
        }
      },
    ),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})
