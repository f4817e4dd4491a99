/** The route about bookmarks. */
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import { idFromText } from '../../../base/text-id.ts'
import { pageToText } from '../../../content/space.ts'
import { readPage } from './asking.ts'
import { type DeclaredJson, declared, untilMs } from './entities.ts'
import type { Route } from './route.ts'

/** `version` null takes a bookmark back. */
const BODY = v.strictObject({ page: v.string(), version: v.nullable(v.string()) })

export interface BookmarkedJson extends DeclaredJson {
  page: string
  version: string | null
}

export const BOOKMARK_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/bookmark',
    parameters: ['timeoutMs', 'patienceMs'],
    body: 'json',
    answer: 'json',
    async handle(request): Promise<BookmarkedJson> {
      const { api, own } = request.context
      const result = v.safeParse(BODY, request.body)
      if (!result.success) {
        throw new SheafError('BAD_ARGUMENT', 'the body is not {"page": PAGE, "version": an id or null}')
      }
      const page = await readPage(result.output.page, own)
      const { version } = result.output
      const pointer = version !== null && { version: idFromText(version) }
      const done = await api.run({ type: 'bookmark', page, ...pointer, untilMs: untilMs(request) })
      return { page: pageToText(page), version, ...(await declared(request, done)) }
    },
  },
]
