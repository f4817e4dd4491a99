/**
 * What is followed: a page, or all that one person or group says of itself. Each is one or two places in
 * the keyspace, and of each place this node remembers what of it was told last, so that it goes on there.
 */
import { flag, id32, list, struct, text, timeMs, type Value, variant } from '../base/codec.ts'
import type { IdMap, IdSet } from '../base/id-map.ts'
import type { VerifiedBlock } from '../content/block.ts'
import { PATH_BYTES_MAX } from '../content/path.ts'
import { entityLocator, type Page, pageLocator, type Space, spaceLocator } from '../content/space.ts'

export type Subject = { page: Page } | { space: Space }

/** Tips, or records of an entity, that are remembered as told. */
export const SEEN_MAX = 256

const space = variant({ entity: struct({ id: id32 }), group: struct({ id: id32 }) })

/** A place as a note has it. */
export const placeNote = struct({
  place: variant({
    page: struct({ space, path: text(PATH_BYTES_MAX, 1) }),
    /** The list of a space's pages. */
    index: struct({ space }),
    /** Keys, devices and profile of a person. */
    entity: struct({ id: id32 }),
  }),
  /** Since when it is followed. */
  since: timeMs,
  /** Whether it is known what was there before: nothing of that is news. */
  isStarted: flag,
  /** What was told last, and was there at first: tips of a page or an index, records of an entity. */
  seen: list(id32, SEEN_MAX),
})
export type PlaceNote = Value<typeof placeNote>
export type PlaceWords = PlaceNote['place']

/** A place that is followed. */
export interface Place extends PlaceNote {
  locator: Uint8Array
  /** Stored since it was last settled: news, whatever else is known. */
  fresh: IdSet
  /** Verified since then; the disk may have had no room. */
  arrived: IdMap<VerifiedBlock>
  gatheredMs: number
  /** What was told of it since the start, and when the last of it was, on the wall clock. */
  told: number
  toldMs: number
  leave(): void
}

export interface Followed {
  subject: Subject
  sinceMs: number
  /** Keepers that tell of the place that has fewest. */
  keepers: number
  /** Versions and records that were told since the start, and when the last of them was. */
  told: number
  toldMs: number | undefined
  /** When keepers were last asked themselves; undefined where not since the start. */
  gatheredMs: number | undefined
}

/** The places of a page, of a space; of a person's space those of the person as well. */
export function placesOf(subject: Subject): PlaceWords[] {
  if ('page' in subject) return [{ type: 'page', ...subject.page }]
  const index = { type: 'index' as const, space: subject.space }
  return subject.space.type === 'group' ? [index] : [index, { type: 'entity', id: subject.space.id }]
}

/** What somebody who asked to follow this place had asked for. */
export function subjectOf(place: PlaceWords): Subject {
  if (place.type === 'page') return { page: { space: place.space, path: place.path } }
  return { space: place.type === 'index' ? place.space : { type: 'entity', id: place.id } }
}

export function locatorOfPlace(place: PlaceWords): Uint8Array {
  switch (place.type) {
    case 'page':
      return pageLocator(place)
    case 'index':
      return spaceLocator(place.space)
    case 'entity':
      return entityLocator(place.id)
  }
}
