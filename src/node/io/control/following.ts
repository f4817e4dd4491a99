/** The control routes of what is followed. */
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import type { Subject } from '../../followed.ts'
import { newsOf } from '../versions.ts'
import { readSubject } from './asking.ts'
import { type Route, type RouteContext, untilMs } from './route.ts'
import { eventJson, followJson, subjectText } from './shapes.ts'

const WHAT = v.strictObject({ what: v.string() })

export const FOLLOW_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/follow',
    parameters: ['timeoutMs'],
    body: 'json',
    answer: 'json',
    async handle({ parameters, body, context }) {
      const subject = await readWhat(body, context)
      const until = untilMs(parameters, context)
      const { isNew, ...followed } = await context.api.run({ type: 'follow', subject, untilMs: until })
      return { ...followJson(followed), isNew }
    },
  },
  {
    method: 'POST',
    path: '/v1/unfollow',
    parameters: [],
    body: 'json',
    answer: 'json',
    async handle({ body, context }) {
      const subject = await readWhat(body, context)
      return { what: subjectText(subject), ...(await context.api.run({ type: 'unfollow', subject })) }
    },
  },
  {
    method: 'GET',
    path: '/v1/follows',
    parameters: [],
    body: 'none',
    answer: 'json',
    handle: async ({ context: { api } }) => ({
      follows: (await api.run({ type: 'following' })).map(followJson),
    }),
  },
  {
    method: 'GET',
    path: '/v1/versions',
    parameters: ['of'],
    body: 'none',
    answer: 'ndjson',
    async *handle({ parameters, context: { api, own, signal } }) {
      const of = parameters.text('of')
      const subject = of === undefined ? undefined : await readSubject(of, own)
      const since = api.lastEvent()
      yield { type: 'listening', of: subject === undefined ? null : subjectText(subject) }
      for await (const news of newsOf(api, subject, since, signal)) yield eventJson(news) as object
    },
  },
]

/** What is to be followed, or no more. */
async function readWhat(body: unknown, { own }: RouteContext): Promise<Subject> {
  const result = v.safeParse(WHAT, body)
  if (!result.success) throw new SheafError('BAD_ARGUMENT', 'the body is not {"what": a page or a space}')
  return readSubject(result.output.what, own)
}
