/** Something that must not be so, found by a checker. */

export const CHECKS = [
  'readable',
  'copies',
  'acknowledged',
  'bounds',
  'honest',
  'statements',
  'heads',
  'crashes',
] as const

export type Check = (typeof CHECKS)[number]

export interface Finding {
  check: Check
  /** One line: which node, what, and when. */
  message: string
}
