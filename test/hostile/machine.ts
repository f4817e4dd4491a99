/** What a person, a disk or a network does to a node: not by bytes of strangers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, SheafError } from '../../src/base/errors.ts'
import { readFolder } from '../../src/cli/folder.ts'
import { requireUdp } from '../../src/node/io/bootstrap.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { utf8 } from '../helpers/bytes.ts'
import { World } from '../helpers/world.ts'
import type { Row } from './row.ts'

export const MACHINE_ROWS: Row[] = [
  {
    what: 'a publish by a node without an identity',
    code: 'NO_IDENTITY',
    provoke: () => codeOfPublish(new World().add('eve', { isReader: true })),
  },
  {
    what: 'a publish while the disk is full',
    code: 'DISK_FULL',
    provoke: () => {
      const store = new MemoryStore()
      store.append = async () => {
        throw new SheafError('DISK_FULL', 'no space left')
      }
      return codeOfPublish(new World().add('ada', { store }))
    },
  },
  {
    what: 'a publish while the node is being stopped',
    code: 'CANCELLED',
    provoke: async () => {
      const ada = new World().add('ada')
      await ada.store.close()
      return codeOfPublish(ada)
    },
  },
  {
    what: 'a block of the outbox that no longer reads back',
    code: 'BAD_STORE',
    provoke: async () => {
      const world = new World()
      const store = new MemoryStore()
      const ada = world.add('ada', { store })
      const published = await ada.run(publish)
      store.damage(published.pages[0]!.id)
      world.add('bo')
      world.connect('ada', 'bo')
      await world.settle()
      return ada.events.find(({ type, what }) => type === 'failed' && what === 'outbox')?.code as ErrorCode
    },
  },
  {
    what: 'a look-up of an id that is no version',
    code: 'BAD_ARGUMENT',
    provoke: async () => {
      const ada = new World().add('ada')
      await ada.run(publish)
      return codeOf(ada.run({ type: 'get', target: { id: ada.actor.entity }, untilMs: 0 }))
    },
  },
  {
    what: 'two files that would be one page',
    code: 'AMBIGUOUS',
    provoke: () => {
      const folder = mkdtempSync(join(tmpdir(), 'ambiguous-'))
      try {
        for (const name of ['what?.md', 'what%3F.md']) writeFileSync(join(folder, name), '')
        const [problem] = readFolder(folder, undefined).problems
        return problem?.error instanceof SheafError ? problem.error.code : undefined
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  },
  {
    what: 'an address that this machine does not have',
    code: 'NO_NETWORK',
    provoke: () => codeOf(requireUdp('192.0.2.1')),
  },
  {
    what: 'an import of files of which some cannot be pages',
    code: 'INCOMPLETE',
    provokedBy: 'test/cli/import.test.ts',
  },
  { what: 'a publish that too few hold in time', code: 'NOT_HELD', provokedBy: 'test/cli/publish.test.ts' },
  {
    what: 'a command without a daemon',
    code: 'NOT_RUNNING',
    provokedBy: 'test/node/io/control/client.test.ts',
  },
  {
    what: 'a second daemon in one home',
    code: 'ALREADY_RUNNING',
    provokedBy: 'test/node/io/store/lock.test.ts',
  },
  {
    what: 'a second identity in one home',
    code: 'ALREADY_EXISTS',
    provokedBy: 'test/node/io/identity.test.ts',
  },
  {
    what: 'a configuration that says nonsense',
    code: 'BAD_CONFIG',
    provokedBy: 'test/node/io/config.test.ts',
  },
  {
    what: 'a disk that fills up under the store',
    code: 'DISK_FULL',
    provokedBy: 'test/node/io/store/disk-error.test.ts',
  },
  {
    what: 'files of the store that are damaged',
    code: 'BAD_STORE',
    provokedBy: 'test/node/io/store.test.ts',
  },
  {
    what: 'a page that somebody else changed meanwhile',
    code: 'STALE',
    provokedBy: 'test/cli/editing.test.ts',
  },
  {
    what: 'two changes of the same lines, merged',
    code: 'CONFLICT',
    provokedBy: 'test/cli/editing.test.ts',
  },
  { what: 'a wrong passphrase', code: 'BAD_PASSPHRASE', provokedBy: 'test/node/io/sealed-file.test.ts' },
  { what: 'a mistake of ours', code: 'INTERNAL', provokedBy: 'test/node/io/store/disk-error.test.ts' },
]

const publish = {
  type: 'publish' as const,
  pages: [{ path: 'bees', text: utf8('# Bees\n') }],
  summary: '',
  index: false,
}

function codeOfPublish(node: ReturnType<World['add']>): Promise<ErrorCode | undefined> {
  return codeOf(node.run(publish))
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof SheafError) return error.code
      throw error
    },
  )
}
