/** Where the files of denied pages and versions live: their pieces go by that place, since equal files of several pages are kept once. */
import { asSheafError } from '../../../base/errors.ts'
import { IdSet } from '../../../base/id-map.ts'
import type { VerifiedBlock } from '../../../content/block.ts'
import { fileLocator } from '../../../content/space.ts'
import { decodeVersion, VERSION } from '../../../content/version.ts'
import type { NodeApi } from '../../commands.ts'

/** Of the page at this place, or the version of this id, as far as it is here and not denied yet. A file of one piece needs none: it travels with its version. */
export async function filePlaces(
  api: Pick<NodeApi, 'run'>,
  id: Uint8Array,
  untilMs: number,
): Promise<Uint8Array[]> {
  const places = new IdSet()
  const { records } = await api.run({ type: 'records', locator: id, kind: VERSION, isLocal: true, untilMs })
  for (const hash of records.flatMap(longFile)) places.add(fileLocator(hash))
  if (records.length > 0) return [...places]
  try {
    const { file } = await api.run({ type: 'get', target: { id }, untilMs })
    return file === undefined ? [] : [fileLocator(file.fileHash)]
  } catch (error) {
    // An entity, a piece, a place; or a version that is not here.
    if (asSheafError(error).code === 'INTERNAL') throw error
    return []
  }
}

function longFile({ record }: VerifiedBlock): Uint8Array[] {
  const { content } = decodeVersion(record)
  return content.type === 'file' && content.pieces > 1 ? [content.fileHash] : []
}
