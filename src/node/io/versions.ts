/** What is new of what a node follows, as it is told: for programs, and for the control API. */
import { equalBytes } from '../../base/hash.ts'
import { type Page, pageToText, type Space, spaceToText } from '../../content/space.ts'
import type { NodeApi } from '../commands.ts'
import type { Subject } from '../followed.ts'
import type { LoggedEvent } from './event-log.ts'

/** A new version of a page. */
export interface NewVersion {
  type: 'version'
  /** `@k3…/garden/bees`. */
  page: string
  id: Uint8Array
  author: Uint8Array
  /** As its author claims. */
  timeMs: number
  content: string
  summary: string
  /** The head of the page with it; undefined where there is none. */
  head: Uint8Array | undefined
  /** Whether it is the head; whether the head is another than before. */
  isHead: boolean
  headChanged: boolean
}

/** A new record of a person: a key, a device, a profile. */
export interface NewRecord {
  type: 'entity'
  entity: Uint8Array
  id: Uint8Array
  kind: string
  timeMs: number
}

export interface SubscribeOptions {
  /** Ends the iteration. */
  signal: AbortSignal
  /** How long keepers may be asked what is there at first. */
  timeoutMs?: number
}

const TIMEOUT_MS = 10_000

/**
 * Follows a page, for good, and yields its new versions from now on until `signal` aborts: parents before children, each
 * once, those that came while the node was not connected among them. Throws TOO_LARGE, REFUSED.
 */
export async function* subscribeVersioning(
  api: NodeApi,
  page: Page,
  options: SubscribeOptions,
): AsyncGenerator<NewVersion> {
  for await (const news of followed(api, { page }, options)) if (news.type === 'version') yield news
}

/** Follows a person, for good: new versions of the pages of their space, and new records of their own. As `subscribeVersioning`. */
export function subscribeEntity(
  api: NodeApi,
  entity: Uint8Array,
  options: SubscribeOptions,
): AsyncGenerator<NewVersion | NewRecord> {
  return followed(api, { space: { type: 'entity', id: entity } }, options)
}

async function* followed(
  api: NodeApi,
  subject: Subject,
  { signal, timeoutMs = TIMEOUT_MS }: SubscribeOptions,
): AsyncGenerator<NewVersion | NewRecord> {
  // From before it is followed: nothing that is told in between is missed.
  const news = newsOf(api, subject, api.lastEvent(), signal)
  await api.run({ type: 'follow', subject, untilMs: Date.now() + timeoutMs })
  yield* news
}

/** What is told of a subject, or of all that is followed, after the event `since`, until `signal` aborts. */
export async function* newsOf(
  api: NodeApi,
  subject: Subject | undefined,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<NewVersion | NewRecord> {
  for await (const event of api.events(since, signal)) {
    const news = newsIn(event)
    if (news !== undefined && isOf(subject, news)) yield news
  }
}

/** The node makes these events itself, in `settling.ts`; their own `id` and `timeMs` are the log's. */
function newsIn({ id: _, timeMs: _told, ...event }: LoggedEvent): NewVersion | NewRecord | undefined {
  if (event.type === 'version') {
    const { version, claimedMs, ...rest } = event as unknown as NewVersion & Logged
    return { ...rest, id: version, timeMs: claimedMs }
  }
  if (event.type !== 'entity') return undefined
  const { record, claimedMs, ...rest } = event as unknown as NewRecord & Logged
  return { ...rest, id: record, timeMs: claimedMs }
}

interface Logged {
  version: Uint8Array
  record: Uint8Array
  claimedMs: number
}

function isOf(subject: Subject | undefined, news: NewVersion | NewRecord): boolean {
  if (subject === undefined) return true
  if ('page' in subject) return news.type === 'version' && news.page === pageToText(subject.page)
  const space: Space = subject.space
  if (news.type === 'version') return news.page.startsWith(`${spaceToText(space)}/`)
  return space.type === 'entity' && equalBytes(news.entity, space.id)
}
