import test from 'brittle'
import fc from 'fast-check'
import { timesIn, WordTable } from '../../../src/content/search/word-table.ts'
import { parameters } from '../../helpers/seed.ts'

test('word-table - counts the pages that have a word, and how often a text has it', (t) => {
  const table = new WordTable()
  table.add(new Set(['bee', 'hive']))
  table.add(new Set(['bee']))
  t.is(table.get('bee')!.pages, 2)
  t.absent(table.get('pond'))
  const counted = table.counted(['bee', 'hive', 'bee'])
  t.is(timesIn(counted, table.get('bee')!.number), 2)
  t.is(timesIn(counted, 99), 0)
  t.is(timesIn(table.counted(new Array(1_000).fill('hive')), table.get('hive')!.number), 255)
  table.remove(new Set(['bee', 'hive']))
  t.absent(table.get('hive'))
  t.is(table.get('bee')!.pages, 1)
})

test('word-table - whatever comes and goes, words that are there have numbers of their own and true counts', (t) => {
  const word = fc.constantFrom('a', 'b', 'c', '__proto__', '蜂')
  const words = fc.array(word, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(fc.tuple(words, fc.boolean()), { maxLength: 30 }), (steps) => {
      const table = new WordTable()
      const held: string[][] = []
      for (const [page, isLeaving] of steps) {
        const leaving = isLeaving ? held.shift() : undefined
        if (leaving !== undefined) table.remove(new Set(leaving))
        table.add(new Set(page))
        held.push(page)
      }
      const all = [...new Set(held.flat())]
      const numbers = new Set(all.map((one) => table.get(one)!.number))
      return (
        numbers.size === all.length &&
        all.every((one) => table.get(one)!.pages === held.filter((page) => page.includes(one)).length) &&
        held.every((page) => {
          const counted = table.counted(page)
          return all.every(
            (one) =>
              timesIn(counted, table.get(one)!.number) === page.filter((other) => other === one).length,
          )
        })
      )
    }),
    parameters(),
  )
  t.pass()
})
