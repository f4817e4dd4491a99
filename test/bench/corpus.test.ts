import { gzipSync } from 'node:zlib'
import test from 'brittle'
import fc from 'fast-check'
import { cutPages, loadCorpus, withPages } from '../../bench/corpus.ts'
import {
  incompressibleText,
  type Random,
  seededRandom,
  sentenceText,
  shuffled,
  tldrLikePage,
} from '../../bench/harness/generate.ts'
import { quantile } from '../../bench/harness/statistics.ts'

const seeds = fc.integer({ min: 0, max: 0xffffffff })

test('generate - one seed writes one text, another seed another', (t) => {
  for (const write of [writeSentences, writeIncompressible, tldrLikePage]) {
    t.is(write(seededRandom(1)), write(seededRandom(1)))
    t.not(write(seededRandom(1)), write(seededRandom(2)))
  }
})

test('generate - pages have exactly the bytes asked for and are valid UTF-8 in normal form', (t) => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 5000 }), (seed, bytes) =>
      [sentenceText, incompressibleText].every((write) => {
        const page = write(seededRandom(seed), bytes)
        return Buffer.byteLength(page) === bytes && page.isWellFormed() && !/\r|^\ufeff/.test(page)
      }),
    ),
    { numRuns: 50 },
  )
  t.pass()
})

test('generate - text compresses like the Rust book, incompressible text hardly', (t) => {
  const ratio = (write: (random: Random) => string): number => {
    const random = seededRandom(3)
    const pages = Array.from({ length: 50 }, () => Buffer.from(write(random)))
    const gzipBytes = pages.reduce((sum, page) => sum + gzipSync(page).length, 0)
    return pages.reduce((sum, page) => sum + page.length, 0) / gzipBytes
  }
  const text = ratio(writeSentences)
  const random = ratio(writeIncompressible)
  t.ok(text > 2.2 && text < 2.6, `${text.toFixed(2)} where the book has 2.36`)
  t.ok(random < 1.1, `${random.toFixed(2)} where 1 is no gain`)
})

test('generate - small pages have the sizes of tldr pages', (t) => {
  const random = seededRandom(4)
  const sizes = Array.from({ length: 2000 }, () => Buffer.byteLength(tldrLikePage(random)))
  const middle = quantile(sizes, 0.5)
  t.ok(middle > 520 && middle < 585, `median ${middle} where tldr has 552`)
  t.ok(Math.min(...sizes) >= 100 && Math.max(...sizes) <= 2319)
})

test('generate - random numbers lie in [0, 1) and are spread over it', (t) => {
  const random = seededRandom(5)
  const drawn = Array.from({ length: 10_000 }, random)
  t.ok(drawn.every((value) => value >= 0 && value < 1))
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  t.ok(Math.abs(mean - 0.5) < 0.02, `mean ${mean.toFixed(3)}`)
})

test('shuffled - keeps every item, leaves the list as it was, and depends on the seed alone', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 60 }), seeds, (items, seed) => {
      const before = items.join()
      const order = shuffled(items, seededRandom(seed))
      const again = shuffled(items, seededRandom(seed))
      const sorted = (list: number[]): string => [...list].sort((left, right) => left - right).join()
      return order.join() === again.join() && sorted(order) === sorted(items) && items.join() === before
    }),
  )
  t.pass()
})

test('cutPages - windows are spread over the text, never longer than asked, cut between characters', (t) => {
  t.alike(cutPages(Buffer.from('abcdefghijklmnop'), 3, 4), ['abcd', 'ghij', 'mnop'])
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 400, maxLength: 800 }),
      fc.integer({ min: 1, max: 40 }),
      (text, count) => {
        const pages = cutPages(Buffer.from(text), count, 64)
        return (
          pages.length === count &&
          pages.every((page) => text.includes(page) && Buffer.byteLength(page) <= 64 && page.length > 0)
        )
      },
    ),
  )
  t.exception.all(() => cutPages(Buffer.from('too short'), 100, 4), RangeError)
})

test('loadCorpus - without data every kind is generated, said to be, and measured', async (t) => {
  const corpus = await loadCorpus('text', undefined)
  t.is(corpus.source, 'generated')
  t.is(corpus.pages.length, 1000)
  t.is(corpus.bytes, 4_096_000)
  t.is(new Set(corpus.pages.map(({ path }) => path)).size, 1000, 'paths are unique')
  t.is(new Set(corpus.pages.map(({ markdown }) => markdown)).size, 1000, 'pages are different')
  t.ok(corpus.gzipRatio > 2.2 && corpus.gzipRatio < 2.6)
  const one = withPages(corpus, corpus.pages.slice(0, 1))
  t.is(one.bytes, 4096)
  t.is(one.pages.length, 1)
})

function writeSentences(random: Random): string {
  return sentenceText(random, 4096)
}

function writeIncompressible(random: Random): string {
  return incompressibleText(random, 4096)
}
