/**
 * Local names on disk: `names/names.json` in the home, mode 0600, whole or not at all. Commands change it,
 * with a running node or without; the node reads it when somebody uses a name.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { asSheafError, codeOf, SheafError } from '../../base/errors.ts'
import { idFromText, idToText } from '../../base/text-id.ts'
import type { Space } from '../../content/space.ts'
import { checkName, type LocalName, NAMES_MAX } from '../names.ts'
import { refuseForeign } from './paths.ts'
import { replacePrivateFile } from './private-file.ts'
import { lockHome } from './store/lock.ts'

const FORMAT = 1
/** All names at their longest. */
const FILE_BYTES_MAX = 2 * 1024 * 1024

const FILE = v.strictObject({
  format: v.literal(FORMAT),
  names: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.check((name) => codeOf(() => checkName(name)) === undefined),
        ),
        entity: v.pipe(
          v.string(),
          v.check((text) => codeOf(() => idFromText(text)) === undefined),
        ),
        sinceMs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      }),
    ),
    v.maxLength(NAMES_MAX),
  ),
})

export function namesPath(home: string): string {
  return join(home, 'names', 'names.json')
}

/** The names of a home; none where there is no file. Throws BAD_STORE where it is not as it was written. */
export function readNames(home: string): LocalName[] {
  const path = namesPath(home)
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return []
    refuseForeign(path, stat.uid)
    if (stat.size > FILE_BYTES_MAX) throw new SheafError('BAD_STORE', `${path} is too large`)
    return namesFromText(readFileSync(path, 'utf8'))
  } catch (cause) {
    const { code, message } = asSheafError(cause)
    if (code === 'REFUSED') throw cause
    throw new SheafError('BAD_STORE', `the names in ${path} cannot be read: ${message}`, {
      cause,
      hint: 'mend the file, or move it away to go on without any names',
    })
  }
}

/** The space of whom this home's person calls so. Throws BAD_ARGUMENT. */
export function spaceNamed(home: string | undefined, name: string): Space {
  const found = home === undefined ? undefined : readNames(home).find((one) => one.name === name)
  if (found !== undefined) return { type: 'entity', id: found.entity }
  throw new SheafError('BAD_ARGUMENT', `nobody is called @${name} here, and it is no id`, {
    hint: 'sheaf name',
  })
}

/** The text of the file → names. Throws BAD_STORE. */
export function namesFromText(text: string): LocalName[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SheafError('BAD_STORE', 'it is no JSON', { cause })
  }
  const result = v.safeParse(FILE, json)
  if (!result.success) {
    const where = v.getDotPath(result.issues[0]) ?? 'the whole'
    throw new SheafError('BAD_STORE', `${where} is not as it is written by sheaf name`)
  }
  return result.output.names.map((one) => ({ ...one, entity: idFromText(one.entity) }))
}

/** The inverse of `namesFromText`, a name a line. */
export function namesToText(names: readonly LocalName[]): string {
  const lines = names.map((one) => `    ${JSON.stringify({ ...one, entity: idToText(one.entity) })}`)
  const list = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`
  return `{\n  "format": ${FORMAT},\n  "names": ${list}\n}\n`
}

/** Reads, changes and writes for good, with nobody else between. Throws BUSY where another command is at it, BAD_STORE, DISK_FULL, what `change` throws. */
export function changeNames(home: string, change: (names: readonly LocalName[]) => LocalName[]): void {
  const lock = lockNames(home)
  try {
    replacePrivateFile(namesPath(home), namesToText(change(readNames(home))))
  } finally {
    lock.release()
  }
}

function lockNames(home: string): { release(): void } {
  try {
    return lockHome(join(home, 'names'))
  } catch (cause) {
    if (asSheafError(cause).code !== 'ALREADY_RUNNING') throw cause
    throw new SheafError('BUSY', 'another command is changing the names', { cause, hint: 'try again' })
  }
}
