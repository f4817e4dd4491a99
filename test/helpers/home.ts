/** Directories that are gone when their test is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the helpers need of a brittle test: the types of brittle export no name for it. */
export interface Teardown {
  teardown(fn: () => unknown, options?: { order?: number }): void
}

/**
 * A new empty directory, removed after the test (and after all other teardowns, which may still
 * close what lies in it). Its path is short: a unix socket's may have about 100 bytes.
 */
export function tempHome(t: Teardown): string {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }), { order: Infinity })
  return home
}
