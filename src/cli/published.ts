/** What the daemon says while it publishes, and what a person is told of it. */
import { SheafError } from '../base/errors.ts'
import type { HeldJson } from '../node/io/control/shapes.ts'
import { count } from './shown.ts'

/** Holders that every page should have, as soon as there are as many peers. */
const HOLDERS_WANTED = 5
/** The longest that may be waited for them while nothing moves. */
export const WAIT_SECONDS_MAX = 60

export interface StoredLine {
  type: 'stored'
  page: string
  id: string
  status: 'stored' | 'unchanged'
}

/** Not stored: `id` is the head, which it was not made from. */
export interface StaleLine {
  type: 'stale'
  page: string
  id: string
  status: 'stale'
}

export interface DoneLine {
  type: 'done'
  stored: number
  unchanged: number
  held: number
  target: number
  peers: number
  isHeld: boolean
}

/** How much of a file is on the disk. */
interface StowedLine {
  type: 'stowed'
  bytes: number
}

export type PublishLine = StoredLine | StaleLine | StowedLine | HeldJson | DoneLine

export function doneText(
  { stored, unchanged, held, target, isHeld }: Omit<DoneLine, 'type' | 'peers'>,
  noun = 'page',
): string {
  const pages = `${count(stored, noun)} stored, ${unchanged} unchanged`
  return isHeld && target > 0 ? `${pages}, held ${Math.min(held, target)}/${target}\n` : `${pages}\n`
}

export function notHeld({ held, peers }: Pick<DoneLine, 'held' | 'peers'>): SheafError {
  const who = peers === 0 ? 'no peer accepts pages at the moment' : `${count(peers, 'peer')} asked`
  return new SheafError('NOT_HELD', `held ${held}/${HOLDERS_WANTED}: stored here, and ${who}`, {
    hint: 'the daemon goes on by itself; `sheaf status` tells what waits',
  })
}
