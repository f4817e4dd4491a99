/** Searching and links over the control API. */
import { pageToText, type Space } from '../../../content/space.ts'
import { SEARCH_COUNT_MAX } from '../../queries.ts'
import type { FoundPage, SearchSummary } from '../../search/results.ts'
import { readPage, readSpace } from './asking.ts'
import { pushed } from './pushed.ts'
import { type Route, type RouteRequest, untilMs } from './route.ts'
import { backlinkJson, brokenLinkJson, foundJson, linkJson, searchDoneJson } from './search-shapes.ts'

/** Without a word about it. */
const SEARCH_COUNT = 10
/** Links in one answer. */
const LINKS_MAX = 10_000
/** What a search may have told that nobody has read: more than it can find. */
const WAITING_MAX = 4 * SEARCH_COUNT_MAX

export const SEARCH_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/search',
    parameters: ['words', 'space', 'limit', 'local', 'timeoutMs'],
    body: 'none',
    answer: 'ndjson',
    async *handle({ parameters, context }) {
      const search = {
        type: 'search' as const,
        words: parameters.required('words'),
        space: await spaceOf({ parameters, context }),
        limit: parameters.whole('limit', 1, SEARCH_COUNT_MAX) ?? SEARCH_COUNT,
        isLocal: parameters.flag('local'),
        untilMs: untilMs(parameters, context),
      }
      const results = pushed<FoundPage, SearchSummary>(
        (push) =>
          context.api.run(search, (value) => {
            if ('snippet' in value) push(value)
          }),
        { bytesMax: WAITING_MAX, bytesOf: () => 1 },
      )
      for (;;) {
        const { done, value } = await results.next()
        yield done ? searchDoneJson(value) : foundJson(value)
        if (done) return
      }
    },
  },
  {
    method: 'GET',
    path: '/v1/links',
    parameters: ['page', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const asked = await readPage(parameters.required('page'), context.own)
      const { links, page } = await context.api.run({
        type: 'links',
        page: asked,
        untilMs: untilMs(parameters, context),
      })
      return { page: pageToText(page), links: links.map(linkJson) }
    },
  },
  {
    method: 'GET',
    path: '/v1/backlinks',
    parameters: ['page', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const page = await readPage(parameters.required('page'), context.own)
      const found = await context.api.run({ type: 'backlinks', page, untilMs: untilMs(parameters, context) })
      const links = found.links.slice(0, LINKS_MAX).map(backlinkJson)
      return { page: pageToText(page), links, isWhole: found.isWhole && links.length === found.links.length }
    },
  },
  {
    method: 'GET',
    path: '/v1/broken-links',
    parameters: ['space', 'timeoutMs'],
    body: 'none',
    answer: 'json',
    async handle({ parameters, context }) {
      const space = await spaceOf({ parameters, context })
      const asked = {
        type: 'broken' as const,
        space,
        limit: LINKS_MAX,
        untilMs: untilMs(parameters, context),
      }
      const { links, isWhole } = await context.api.run(asked)
      return { links: links.map(brokenLinkJson), isWhole: isWhole && links.length < LINKS_MAX }
    },
  },
]

async function spaceOf({
  parameters,
  context,
}: Pick<RouteRequest, 'parameters' | 'context'>): Promise<Space | undefined> {
  const text = parameters.text('space')
  return text === undefined ? undefined : await readSpace(text, context.own)
}
