/**
 * The operator's rules on disk: `rules.json` in the home, one rule a line, whole or not at all. It
 * is no part of the store: an index that is made anew, or a store that is gone, takes nothing from it.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { SheafError } from '../../base/errors.ts'
import { idFromText, idToText } from '../../base/text-id.ts'
import { RULES_MAX, type Rule, WHY_LETTERS_MAX } from '../rules.ts'
import { replacePrivateFile } from './private-file.ts'

const FORMAT = 1
/** A page's address in text, and more. */
export const ABOUT_LETTERS_MAX = 600
/** All rules at their longest, every letter escaped. */
const FILE_BYTES_MAX = 64 * 1024 * 1024

const FILE = v.strictObject({
  format: v.literal(FORMAT),
  rules: v.pipe(
    v.array(
      v.strictObject({
        type: v.picklist(['deny', 'block']),
        id: v.pipe(v.string(), v.check(isId)),
        about: v.pipe(v.string(), v.maxLength(ABOUT_LETTERS_MAX)),
        why: v.pipe(v.string(), v.maxLength(WHY_LETTERS_MAX)),
        sinceMs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      }),
    ),
    v.maxLength(RULES_MAX),
  ),
})

export function rulesPath(home: string): string {
  return join(home, 'rules.json')
}

/** The rules of a home; none where there is no file. Throws BAD_STORE where it cannot be read: a node that forgot them would serve what it must not. */
export function readRules(home: string): Rule[] {
  const path = rulesPath(home)
  const text = textOf(path)
  if (text === undefined) return []
  const result = v.safeParse(FILE, parsed(text, path))
  if (!result.success) {
    const where = v.getDotPath(result.issues[0]) ?? 'the whole'
    throw unreadable(path, `${where} is not as it is written by sheaf deny and sheaf block`)
  }
  return result.output.rules.map((rule) => ({ ...rule, id: idFromText(rule.id) }))
}

/** Puts these rules in the place of those before, mode 0600, for good. Throws BAD_STORE, DISK_FULL. */
export function writeRules(home: string, rules: readonly Rule[]): void {
  const lines = rules.map((rule) => `    ${JSON.stringify({ ...rule, id: idToText(rule.id) })}`)
  const list = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`
  replacePrivateFile(rulesPath(home), `{\n  "format": ${FORMAT},\n  "rules": ${list}\n}\n`)
}

function textOf(path: string): string | undefined {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw unreadable(path, 'it is too large')
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof SheafError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw unreadable(path, String(code), error)
  }
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable(path, 'it is no JSON', error)
  }
}

function unreadable(path: string, what: string, cause?: unknown): SheafError {
  return new SheafError('BAD_STORE', `the operator's rules in ${path} cannot be read: ${what}`, {
    cause,
    hint: 'mend the file, or move it away to go on without any rules',
  })
}

function isId(text: string): boolean {
  try {
    idFromText(text)
    return true
  } catch {
    return false
  }
}
