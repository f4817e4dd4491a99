import test from 'brittle'
import { confirm } from '../../src/cli/asking.ts'
import type { Shell } from '../../src/cli/shell.ts'
import { codeOfAsync } from './fake-shell.ts'

const shellWith = (answer: string | undefined): { shell: Shell; asked: string[] } => {
  const asked: string[] = []
  const ask = async (question: string): Promise<string | undefined> => {
    asked.push(question)
    return answer
  }
  return { shell: { ask } as Shell, asked }
}

test('asking - only yes is yes', async (t) => {
  for (const answer of ['y', 'Y', 'yes', ' YES ']) await confirm(shellWith(answer).shell, 'Delete it?', {})
  for (const answer of ['', 'n', 'no', 'yesterday', 'j', 'y\u0000']) {
    t.is(await codeOfAsync(confirm(shellWith(answer).shell, 'Delete it?', {})), 'CANCELLED', answer)
  }
})

test('asking - who said so beforehand is not asked', async (t) => {
  const { shell, asked } = shellWith('n')
  await confirm(shell, 'Delete it?', { yes: true })
  t.alike(asked, [])
})

test('asking - where nobody is there, the flag is named', async (t) => {
  const { shell } = shellWith(undefined)
  const failure = await confirm(shell, 'Merge?', {}, '--merge').catch((error: Error) => error)
  t.ok(failure instanceof Error && failure.message.includes('--merge'))
})
