/**
 * Local names: what the person at this machine calls others, `@ann` for `@k3…`. They are this home's own
 * and go nowhere. A name is never an id, for it is too short, and never looks like another one for want
 * of a visible difference: letters of one script, in their compatible form, and no two that differ in
 * capitals only.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'

/** An id has 52 letters. */
export const NAME_LETTERS_MAX = 32
/** About 100 bytes each; read whenever one is used. */
export const NAMES_MAX = 4_096
/** `@me` is this node's own entity. */
const TAKEN: ReadonlySet<string> = new Set(['me'])

export interface LocalName {
  name: string
  entity: Uint8Array
  sinceMs: number
}

const FORM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u
/** Scripts that are written together; a letter of none of them is refused, for nobody could say what it looks like. */
const SCRIPTS: readonly RegExp[] = [
  ['Latin'],
  ['Greek'],
  ['Cyrillic'],
  ['Armenian'],
  ['Georgian'],
  ['Hebrew'],
  ['Arabic'],
  ['Devanagari'],
  ['Bengali'],
  ['Tamil'],
  ['Telugu'],
  ['Thai'],
  ['Ethiopic'],
  ['Han', 'Hiragana', 'Katakana', 'Bopomofo'],
  ['Han', 'Hangul'],
].map((scripts) => {
  const letters = scripts.map((script) => `\\p{Script=${script}}`).join('')
  return new RegExp(`^[${letters}\\p{Script=Inherited}\\p{Script=Common}]*$`, 'u')
})

/** Throws BAD_ARGUMENT where `name` is none that may be given; the message says why. */
export function checkName(name: string): void {
  const why = faultOf(name)
  if (why !== undefined) throw new SheafError('BAD_ARGUMENT', why)
}

/** The names with one more. Throws BAD_ARGUMENT, ALREADY_EXISTS where it is given to somebody else or looks like another, TOO_LARGE. */
export function withName(names: readonly LocalName[], added: LocalName): LocalName[] {
  checkName(added.name)
  const like = names.find(({ name }) => folded(name) === folded(added.name))
  if (like?.name === added.name && equalBytes(like.entity, added.entity)) return [...names]
  if (like !== undefined) {
    throw new SheafError('ALREADY_EXISTS', `the name ${like.name} is given already`, {
      hint: `sheaf name remove ${like.name}`,
    })
  }
  if (names.length >= NAMES_MAX)
    throw new SheafError('TOO_LARGE', `${NAMES_MAX} names are the most there can be`)
  return [...names, added].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The names without one. Throws NOT_FOUND. */
export function withoutName(names: readonly LocalName[], name: string): LocalName[] {
  const left = names.filter((one) => one.name !== name)
  if (left.length === names.length)
    throw new SheafError('NOT_FOUND', 'there is no such name: sheaf name lists them')
  return left
}

function faultOf(name: string): string | undefined {
  if (!name.isWellFormed() || !FORM.test(name)) {
    return 'a name begins with a letter or a digit, and has letters, digits and the signs . _ - only'
  }
  if ([...name].length > NAME_LETTERS_MAX) return `a name has at most ${NAME_LETTERS_MAX} letters`
  if (name !== name.normalize('NFKC')) return 'a name with letters that look like others (not in form NFKC)'
  if (!SCRIPTS.some((script) => script.test(name)))
    return 'a name with letters of several scripts, which look alike'
  if (TAKEN.has(folded(name))) return `"${name}" is your own space`
  return undefined
}

/** What two names must not have in common. */
function folded(name: string): string {
  return name.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}
