import test from 'brittle'
import fc from 'fast-check'
import { fieldsOf } from '../../../src/content/search/fields.ts'
import { TextIndex } from '../../../src/content/search/text-index.ts'
import { parameters } from '../../helpers/seed.ts'

const indexOf = (pages: Record<string, string>): TextIndex => {
  const index = new TextIndex()
  for (const [path, text] of Object.entries(pages)) index.add(path, fieldsOf(path, text))
  return index
}

test('text-index - finds pages by what they say, the best first', (t) => {
  const index = indexOf({
    'garden/bees': '# Bees\n\nBees winter in a cluster. Bees make honey.',
    'garden/soil': '# Soil\n\nEarthworms make soil. Sometimes a bee digs in it.',
    'tools/git': '# git\n\nUse `git log --no-pager` to see a history.',
    'ja/hachi': '# 蜜蜂\n\n養蜂家は巣箱を見る。',
  })
  const keys = (words: string) => index.search(words, { limit: 9 }).map(({ key }) => key)
  t.alike(keys('honey bees'), ['garden/bees'])
  t.is(keys('--no-pager')[0], 'tools/git')
  t.is(keys('巣箱')[0], 'ja/hachi')
  t.is(keys('earthwrms')[0], 'garden/soil', 'a letter that is missing')
  t.is(keys('clust')[0], 'garden/bees', 'the beginning of a word')
  t.alike(keys('nothing-of-the-kind zzzzqqqq'), [])
  t.alike(index.search('make', { limit: 9, isWanted: (key) => key === 'garden/soil' }).length, 1)
  t.alike(keys(''), [])
})

test('text-index - what was added and removed in any order answers as a fresh one', (t) => {
  const word = fc.constantFrom('bee', 'hive', 'soil', 'the', 'honey', '--flag', '蜂', 'été', 'pond')
  const page = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    text: fc.array(word, { maxLength: 12 }).map((words) => `# ${words.join(' ')}\n\n${words.join(' ')}`),
    isRemoved: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(page, { maxLength: 24 }),
      fc.array(word, { minLength: 1, maxLength: 4 }),
      (steps, asked) => {
        const index = new TextIndex()
        const held = new Map<string, string>()
        for (const { key, text, isRemoved } of steps) {
          if (held.has(key)) index.remove(key, fieldsOf(key, held.get(key)!))
          held.delete(key)
          if (isRemoved) continue
          index.add(key, fieldsOf(key, text))
          held.set(key, text)
        }
        const fresh = indexOf(Object.fromEntries([...held].sort()))
        const answer = (one: TextIndex) =>
          one.search(asked.join(' '), { limit: 10 }).map(({ key, score }) => `${key} ${score.toFixed(6)}`)
        return (
          index.pages === held.size &&
          index.postings === fresh.postings &&
          answer(index).join() === answer(fresh).join()
        )
      },
    ),
    parameters(),
  )
  t.pass()
})

test('text-index - of many equals those are found whose keys come first, in whatever order they were added', (t) => {
  const keys = Array.from({ length: 150 }, (_, i) => `page ${String(i).padStart(3, '0')}`)
  const pages = keys.map((key): [string, string] => [key, 'the bees of the hive'])
  const answer = (all: [string, string][]) =>
    indexOf(Object.fromEntries(all))
      .search('bees hive the of', { limit: 5 })
      .map(({ key }) => key)
  t.alike(answer([...pages].reverse()).length, 5)
  t.alike(answer([...pages].reverse()), answer(pages))
})

test('text-index - words that most pages have still decide between pages that have the rare ones', (t) => {
  const filler = Array.from({ length: 4_000 }, (_, i): [string, string] => [`filler ${i}`, 'over and under'])
  const index = indexOf({ ...Object.fromEntries(filler), a: 'mead honey wax', b: 'mead honey under' })
  const found = index.search('honey mead under', { limit: 3 })
  t.is(found[0]!.key, 'b')
  t.alike(found.map(({ key }) => key).sort(), ['a', 'b'])
})

test('text-index - a key is taken once, and removing what is not there changes nothing', (t) => {
  const index = indexOf({ a: 'bees' })
  t.exception(() => index.add('a', fieldsOf('a', 'bees')), /ALREADY_EXISTS|in the index/)
  index.remove('b', fieldsOf('b', 'bees'))
  t.is(index.pages, 1)
})

test('text-index - questions that nobody means take no time and find nothing by names of objects', (t) => {
  const index = indexOf({ a: 'constructor __proto__ toString bees', b: 'bees' })
  t.alike(
    index.search('__proto__', { limit: 5 }).map(({ key }) => key),
    ['a'],
  )
  t.is(index.search('hasOwnProperty', { limit: 5 }).length, 0)
  t.ok(index.search('bees '.repeat(10_000), { limit: 5 }).length === 2)
  t.ok(index.search('\u0000\ud800 \\ [ ( * '.repeat(1_000), { limit: 5 }).length === 0)
})

test('text-index - words that nobody has are guessed, but not many of them, nor far', (t) => {
  const index = indexOf({ a: 'wintering colonies', b: 'hives' })
  const finds = (words: string) => index.search(words, { limit: 5 }).map(({ key }) => key)
  t.alike(finds('colny'), [], 'two letters are wrong where one may be')
  t.alike(finds('colonyes'), ['a'])
  t.alike(finds('winterxxxxxxxx'), [], 'eight letters are wrong')
  t.alike(finds('zzz1 zzz2 zzz3 winterin'), ['a'])
  t.alike(finds('zzz1 zzz2 zzz3 zzz4 winterin'), [], 'the fifth')
  t.alike(finds('zzz1 zzz2 zzz3 zzz4 zzz5 hives'), ['b'], 'what somebody has is no guess')
})

test('text-index - a beginning that very many words have is not looked through', (t) => {
  const index = new TextIndex()
  const some = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `bee${1_000_000 + from + i}`).join(' ')
  index.add('a', fieldsOf('a', some(0, 10_000)))
  t.is(index.search('bee', { limit: 5 }).length, 1)
  index.add('b', fieldsOf('b', some(10_000, 10_001)))
  t.is(index.search('bee', { limit: 5 }).length, 0)
  t.is(index.search('bee1000007', { limit: 5 })[0]?.key, 'a')
})

test('text-index - words that all pages have are weighed for so many pages as there is time for', (t) => {
  const index = new TextIndex()
  const fields = { path: '', title: '', headings: '', opening: '', body: ALL }
  for (let i = 0; i < 16_000; i++) index.add(`k${i}`, fields)
  index.add('rare', { ...fields, body: `${ALL} comb` })
  t.is(index.search(ALL, { limit: 100_000 }).length, 3_000)
  t.is(index.search(`${ALL} comb`, { limit: 1 })[0]!.key, 'rare')
})

/** 24 words. */
const ALL = [...'abcdefghijklmnopqrstuvwx'].join(' ')
