/**
 * A label: one line that a person calls somebody by, as the name in a profile or a name of one's own
 * for a contact. What shows as nothing, turns text around or looks like a space and is none is refused,
 * as in a path: two labels that are not the same do not look the same for want of a visible character.
 */
import { SheafError } from '../base/errors.ts'
import { hasHidden } from './path.ts'

/** In UTF-8: a long name in any script. */
export const LABEL_BYTES_MAX = 64

/** Throws BAD_TEXT where `label` is none; the message says why. */
export function checkLabel(label: string): void {
  const why = faultOf(label)
  if (why !== undefined) throw new SheafError('BAD_TEXT', `a name ${why}`)
}

function faultOf(label: string): string | undefined {
  if (!label.isWellFormed()) return 'with half a surrogate pair'
  if (label === '') return 'of no letters'
  if (Buffer.byteLength(label) > LABEL_BYTES_MAX) return `of more than ${LABEL_BYTES_MAX} bytes`
  if (hasHidden(label)) return 'with characters that do not show, or turn the text around'
  if (label !== label.trim()) return 'with a space at one of its ends'
  if (label !== label.normalize('NFC')) return 'whose letters are not in their composed form (NFC)'
  return undefined
}
