/** A long publish is several commands: how many are under way, in which order they are told, and what one that fails leaves. */
import test from 'brittle'
import { asSheafError, SheafError } from '../../../../src/base/errors.ts'
import { idToText } from '../../../../src/base/text-id.ts'
import type { Space } from '../../../../src/content/space.ts'
import type { Command, Published } from '../../../../src/node/commands.ts'
import { publishLines } from '../../../../src/node/io/control/publishing.ts'
import { fakeNode, HELD, idOf } from '../../../cli/fake-node.ts'
import { linesOf } from './served.ts'

const SPACE: Space = { type: 'entity', id: new Uint8Array(32) }
const OPTIONS = { space: SPACE, summary: '', patienceMs: 0, untilMs: undefined }

type Publish = Extract<Command, { type: 'publish' }>
interface Asked {
  first: string
  /** How many were under way before it. */
  beside: number
  answer(error?: SheafError): void
}

/** Publishes pages to a node that answers when it is told to. What is told in the end, and each command as it comes. */
function publishing(pages: readonly object[]) {
  const asked: Asked[] = []
  const waiting: (() => void)[] = []
  let underWay = 0
  const publish = ({ pages: some }: Publish): Promise<Published> | Published => {
    const said = some.map(({ path }) => ({ space: SPACE, path, id: idOf(path), status: 'stored' as const }))
    const published = { pages: said, batches: [] }
    return new Promise((resolve, reject) => {
      const answer = (error?: SheafError): void => {
        underWay -= 1
        if (error === undefined) resolve(published)
        else reject(error)
      }
      asked.push({ first: some[0]?.path ?? 'the list', beside: underWay, answer })
      underWay += 1
      waiting.shift()?.()
    })
  }
  const { api } = fakeNode({ publish, held: () => HELD })
  const told: { type: string; page: string }[] = []
  const ended = (async () => {
    try {
      for await (const line of publishLines(api, bytesOf(linesOf(...pages)), OPTIONS))
        told.push(line as never)
      return undefined
    } catch (error) {
      return asSheafError(error).code
    }
  })()
  return {
    told,
    ended,
    /** The command with this number, once it has come. */
    async command(number: number): Promise<Asked> {
      while (asked.length <= number) await new Promise<void>((resolve) => waiting.push(resolve))
      return asked[number]!
    },
  }
}

async function* bytesOf(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(line)
}

const pagesFrom = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ path: `p${from + i}`, text: '' }))

test('publishing over control - two commands are under way, told in their order; one made from something is alone', async (t) => {
  const made = { path: 'made', text: '', parents: [idToText(idOf('before'))] }
  const pages = [...pagesFrom(0, 700), made, ...pagesFrom(700, 1_400)]
  const { told, ended, command } = publishing(pages)
  const [one, two] = [await command(0), await command(1)]
  t.alike([one.first, one.beside, two.first, two.beside], ['p0', 0, 'p250', 1])
  two.answer()
  one.answer()
  const three = await command(2)
  t.alike([three.first, three.beside], ['p500', 0], 'it waited for both')
  three.answer()
  const four = await command(3)
  t.alike([four.first, four.beside], ['p749', 0], 'and what follows waited for it')
  four.answer()
  const five = await command(4)
  const six = await command(5)
  t.alike([five.first, six.first], ['p999', 'p1249'])
  six.answer()
  five.answer()
  t.is(await ended, undefined)
  t.alike(
    told.flatMap(({ type, page }) => (type === 'stored' ? [page.split('/')[1]] : [])),
    pages.map(({ path }) => path),
  )
})

test('publishing over control - a command that fails ends it when the one beside it has ended, and what is stored is listed', async (t) => {
  const { told, ended, command } = publishing(pagesFrom(0, 1_000))
  const one = await command(0)
  const two = await command(1)
  one.answer(new SheafError('QUOTA_FULL', 'planted'))
  two.answer()
  const list = await command(2)
  t.alike([list.first, list.beside], ['the list', 0])
  list.answer()
  t.is(await ended, 'QUOTA_FULL')
  t.is(told.length, 0)
})
