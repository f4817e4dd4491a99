/**
 * What is to be merged, over the control API: one line, since a text may be as long as a page.
 *
 *     {page, ours: an id}  ·  {page, text, parents: ids}  ·  theirs: an id, else the head
 */
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import { idFromText } from '../../../base/text-id.ts'
import type { Command } from '../../commands.ts'
import { type OwnSpace, readPage } from './asking.ts'
import { readObjects } from './lines.ts'
import { normalText } from './publishing.ts'

const OURS = { page: v.string(), theirs: v.optional(v.string()) }
const LINE = v.union([
  v.strictObject({ ...OURS, ours: v.string() }),
  v.strictObject({ ...OURS, text: v.string(), parents: v.array(v.string()) }),
])

type Asked = Pick<Extract<Command, { type: 'merge' }>, 'page' | 'ours' | 'theirs'>

/** Throws BAD_ARGUMENT unless the body is one line of that form. */
export async function readMerge(body: AsyncIterable<Uint8Array>, own: OwnSpace): Promise<Asked> {
  const lines = []
  for await (const line of readObjects(body)) if (lines.push(line) > 1) break
  const result = v.safeParse(LINE, lines[0])
  if (!result.success || lines.length > 1) {
    throw new SheafError(
      'BAD_ARGUMENT',
      'the body is not one line {page; ours, or text and parents; theirs where wanted}',
    )
  }
  const asked = result.output
  return {
    page: await readPage(asked.page, own),
    ours:
      'ours' in asked
        ? { id: idFromText(asked.ours) }
        : { text: normalText(asked.text), parents: asked.parents.map(idFromText) },
    ...(asked.theirs !== undefined && { theirs: idFromText(asked.theirs) }),
  }
}
