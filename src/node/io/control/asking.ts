/** What a request asks for: query parameters, and pages, ids and spaces in their text form. */
import { codeOf, SheafError } from '../../../base/errors.ts'
import { idFromText } from '../../../base/text-id.ts'
import { checkPath } from '../../../content/path.ts'
import { type Page, pageFromText, type Space, spaceFromText } from '../../../content/space.ts'
import type { Target } from '../../commands.ts'
import type { Subject } from '../../followed.ts'
import { checkName } from '../../names.ts'

/** A page, a summary in percent signs: far more than any parameter takes. */
const PARAMETER_LETTERS_MAX = 8192
const OWN = '@me'

/** The space of this node's entity, or of whom its person calls by a name. Throws NO_IDENTITY, BAD_ARGUMENT. */
export type OwnSpace = (name?: string) => Promise<Space>

/** The parameters that a route knows, each given at most once. Throws BAD_ARGUMENT for any other. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>

  constructor(query: unknown, known: readonly string[]) {
    const values = new Map<string, string>()
    for (const [name, value] of Object.entries(query as object)) {
      if (!known.includes(name)) {
        throw new SheafError('BAD_ARGUMENT', `there is no parameter ${JSON.stringify(name.slice(0, 80))}`, {
          hint: known.length === 0 ? 'this route takes none' : `this route takes ${known.join(', ')}`,
        })
      }
      if (typeof value !== 'string') {
        throw new SheafError('BAD_ARGUMENT', `the parameter ${name} is given more than once`)
      }
      if (value.length > PARAMETER_LETTERS_MAX) {
        throw new SheafError('TOO_LARGE', `the parameter ${name} has ${value.length} letters`)
      }
      values.set(name, value)
    }
    this.#values = values
  }

  text(name: string): string | undefined {
    return this.#values.get(name)
  }

  required(name: string): string {
    const value = this.#values.get(name)
    if (value === undefined) throw new SheafError('BAD_ARGUMENT', `the parameter ${name} is missing`)
    return value
  }

  /** `true` or absent. */
  flag(name: string): boolean {
    const value = this.#values.get(name)
    if (value === undefined || value === 'true') return value === 'true'
    throw new SheafError('BAD_ARGUMENT', `${name} is true, or left out`)
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    throw new SheafError('BAD_ARGUMENT', `${name} is a whole number from ${min} to ${max}`)
  }
}

/** `@k3…`, `%k3…`, `@me` or the local name `@ann`. */
export async function readSpace(text: string, own: OwnSpace): Promise<Space> {
  if (text === OWN) return own()
  return isName(text) ? own(text.slice(1)) : spaceFromText(text)
}

/** `@k3…/path`, `%k3…/path`, `@me/path` or `@ann/path`. */
export async function readPage(text: string, own: OwnSpace): Promise<Page> {
  const slash = text.indexOf('/')
  const space = slash < 0 ? '' : text.slice(0, slash)
  if (space !== OWN && !isName(space)) return pageFromText(text)
  const path = text.slice(slash + 1)
  checkPath(path)
  return { space: await readSpace(space, own), path }
}

/** No name is as long as an id. */
function isName(space: string): boolean {
  return (
    space.length > 1 &&
    space.startsWith('@') &&
    space !== OWN &&
    codeOf(() => checkName(space.slice(1))) === undefined
  )
}

/** What is to be followed: a page, or a space where no slash is. */
export async function readSubject(text: string, own: OwnSpace): Promise<Subject> {
  return text.includes('/') ? { page: await readPage(text, own) } : { space: await readSpace(text, own) }
}

/** A page as `readPage` takes it, or the id of a version. */
export async function readTargetText(text: string, own: OwnSpace): Promise<Target> {
  return text.includes('/') ? { page: await readPage(text, own) } : { id: idFromText(text) }
}

/** The parameter `page` or the parameter `id`. */
export async function readTarget(parameters: Parameters, own: OwnSpace): Promise<Target> {
  const page = parameters.text('page')
  const id = parameters.text('id')
  if ((page === undefined) === (id === undefined)) {
    throw new SheafError('BAD_ARGUMENT', 'either the parameter page or the parameter id is needed')
  }
  return page === undefined ? { id: idFromText(id!) } : { page: await readPage(page, own) }
}
