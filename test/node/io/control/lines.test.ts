import test from 'brittle'
import fc from 'fast-check'
import { lineOf, objectOf, readObjects } from '../../../../src/node/io/control/lines.ts'
import { codeOfAsync } from '../../../cli/fake-shell.ts'
import { parameters } from '../../../helpers/seed.ts'

async function read(chunks: readonly Uint8Array[], bytesMax?: number): Promise<object[]> {
  const objects: object[] = []
  for await (const object of readObjects(stream(chunks), bytesMax)) objects.push(object)
  return objects
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

const text = (value: string) => [Buffer.from(value)]

test('lines - objects come out as they went in, however the bytes are cut', async (t) => {
  const objects = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), {
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(objects, fc.array(fc.nat(200), { maxLength: 20 }), async (all, cuts) => {
      const bytes = Buffer.from(all.map(lineOf).join(''))
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place))
      return JSON.stringify(await read(chunks)) === JSON.stringify(all.map((one) => JSON.parse(lineOf(one))))
    }),
    parameters({ numRuns: 100 }),
  )
  t.pass()
})

test('lines - the last line needs no end, empty lines are passed over', async (t) => {
  t.alike(await read(text('\n{"a":1}\n  \r\n{"b":2}')), [{ a: 1 }, { b: 2 }])
  t.alike(await read([]), [])
})

test('lines - the bound counts one line, to the byte', async (t) => {
  t.alike(await read(text('{"a":1}\n{"a":1}\n'), 7), [{ a: 1 }, { a: 1 }])
  t.is(await codeOfAsync(read(text('{"a":1}\n'), 6)), 'TOO_LARGE')
  t.is(await codeOfAsync(read([...text('{"a"'), ...text(':1')], 5)), 'TOO_LARGE', 'before its end has come')
})

test('lines - what is no object has a code and its number', async (t) => {
  for (const line of ['{', '[]', 'null', '1', '"a"', '{"a":1}{"b":2}']) {
    t.is(await codeOfAsync(read(text(`{}\n${line}\n`))), 'BAD_FORMAT', line)
  }
  t.is(await codeOfAsync(read([Uint8Array.of(0x7b, 0xff, 0x7d)])), 'BAD_TEXT', 'no UTF-8')
  t.is(await codeOfAsync(read(text('\ufeff{}'))), 'BAD_FORMAT', 'a byte-order mark')
  t.exception(() => objectOf('[]', 'the answer'), /the answer/)
  t.exception(() => objectOf('{"a":[-1e999]}', 'the answer'), /the answer has a number beyond/)
  t.is(await codeOfAsync(read(text('{"ms":1e999}'))), 'BAD_FORMAT', 'beyond a double')
})
