/** What this home's person calls an entity, beside its id: what a person reads is shown with it, and what a program reads is not. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Cli } from './cli.ts'

/** An id as text → ` (@ann)`, or nothing. Names that cannot be read are no reason not to show a page. */
export type Called = (entity: string | null) => string

/** Loads what reads names only where there are any. */
export async function calledBy(cli: Cli): Promise<Called> {
  const { home } = cli.paths()
  if (!existsSync(join(home, 'names', 'names.json'))) return () => ''
  const { readNames } = await import('../node/io/names-file.ts')
  const { idToText } = await import('../base/text-id.ts')
  const names = new Map<string, string>()
  try {
    for (const { name, entity } of readNames(home)) names.set(idToText(entity), name)
  } catch {
    return () => ''
  }
  return (entity) => {
    const name = entity === null ? undefined : names.get(entity)
    return name === undefined ? '' : ` (@${name})`
  }
}
