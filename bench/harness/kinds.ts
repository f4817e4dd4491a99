/** Which kinds of work of a bench to run. */

import { SheafError } from '../../src/base/errors.ts'

/** The kinds asked for with `--only`, in the bench's own order; all without it. Throws BAD_ARGUMENT on others. */
export function selectKinds<Kind extends string>(
  kinds: readonly Kind[],
  only: readonly string[] | undefined,
): readonly Kind[] {
  if (only === undefined) return kinds
  const strange = only.find((kind) => !(kinds as readonly string[]).includes(kind))
  if (strange !== undefined || only.length === 0) {
    throw new SheafError('BAD_ARGUMENT', `--only takes ${kinds.join(', ')}, not ${strange ?? 'nothing'}`)
  }
  return kinds.filter((kind) => only.includes(kind))
}
