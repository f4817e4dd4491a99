/** A side without a network, for the tests of the harness: B "fetches" from memory, and fails where it is asked to. */

import type { Side } from '../../bench/harness/side.ts'

export const side: Side = {
  name: 'twin',
  about: 'for tests',
  concurrencies: [1],
  importModes: ['memory'],
  durability: { import: 'written', single: 'written' },
  missing: () => undefined,
  async startPublisher() {
    return {
      importPages: async (pages) => pages.map(({ markdown }) => markdown),
      publish: async ({ markdown }) => markdown,
      serve: async () => ({ port: 1 }),
      close: async () => undefined,
    }
  },
  async startFetcher() {
    const stored = new Set<string>()
    return {
      connect: async () => undefined,
      async fetch(ids) {
        for (const id of ids) stored.add(id)
        return { verified: ids.length, decompressed: 0, receivedBytes: ids.join('').length }
      },
      async query(id) {
        if (id === 'die') process.exit(3)
        throw new Error(`no page ${id}`)
      },
      read: async (id) => (stored.has(id) ? id : undefined),
      close: async () => undefined,
    }
  },
}
