/** Changes of the operator's rules: as they are asked for, and as they are made where no node runs. */
import * as v from 'valibot'
import { SheafError } from '../../../base/errors.ts'
import { idFromText, idToText } from '../../../base/text-id.ts'
import { type Page, pageLocator, pageToText, type Space, spaceToText } from '../../../content/space.ts'
import { changedRules, type Rule, type RuleChange } from '../../rules.ts'
import { spaceNamed } from '../names-file.ts'
import { readRules, writeRules } from '../rules-file.ts'
import { lockHome } from '../store/lock.ts'
import { type OwnSpace, readPage, readSpace } from './asking.ts'
import { type RuleJson, ruleJson } from './shapes.ts'

const CHANGE = v.strictObject({
  action: v.picklist(['set', 'lift']),
  type: v.picklist(['deny', 'block']),
  what: v.string(),
  why: v.optional(v.string(), ''),
  files: v.optional(v.boolean(), false),
})

/** A change as JSON → the change, with what it is about. Throws BAD_ARGUMENT, and what pages and ids in text form throw. */
export async function readChange(
  body: unknown,
  own: OwnSpace,
  nowMs: number,
): Promise<{ change: RuleChange; rule: Rule; withFiles: boolean }> {
  const result = v.safeParse(CHANGE, body)
  if (!result.success) {
    throw new SheafError(
      'BAD_ARGUMENT',
      'the body is not {"action": "set|lift", "type": "deny|block", "what": TEXT, "why": TEXT, "files": true or false}',
    )
  }
  const { action, type, what, why, files: withFiles } = result.output
  if (withFiles && (action !== 'set' || type !== 'deny')) {
    throw new SheafError('BAD_ARGUMENT', 'only what is denied is denied with its files')
  }
  const { id, about } = await readNamed(type, what, own)
  const rule: Rule = { type, id, about, why, sinceMs: nowMs }
  return { change: action === 'set' ? { action, rule } : { action, type, id }, rule, withFiles }
}

export function rulesAtHome(home: string): RuleJson[] {
  return readRules(home).map(ruleJson)
}

/** Changes the rules of a home that no node has open. Throws ALREADY_RUNNING where one has. */
export async function changeAtHome(
  home: string,
  body: unknown,
  nowMs: number,
): Promise<{ rule: RuleJson; isChanged: boolean; ended: number }> {
  const { change, rule, withFiles } = await readChange(body, stoppedSpace(home), nowMs)
  if (withFiles) {
    throw new SheafError('NOT_RUNNING', 'only a running node says where its files live', {
      hint: 'sheaf start --daemon',
    })
  }
  const lock = lockHome(home)
  try {
    const { rules, isChanged } = changedRules(readRules(home), change)
    if (isChanged) writeRules(home, rules)
    return { rule: ruleJson(rule), isChanged, ended: 0 }
  } finally {
    lock.release()
  }
}

/** `@k3…/path` and `@k3…`, or the 52 letters of an id. */
async function readNamed(
  type: Rule['type'],
  text: string,
  own: OwnSpace,
): Promise<{ id: Uint8Array; about: string }> {
  if (!/^[@%]/.test(text)) {
    const id = idFromText(text)
    return { id, about: idToText(id) }
  }
  if (!text.includes('/')) {
    const space: Space = await readSpace(text, own)
    if (space.type === 'entity') return { id: space.id, about: spaceToText(space) }
    throw new SheafError('BAD_ARGUMENT', 'a group is neither denied nor blocked as a whole: name its pages')
  }
  if (type === 'block') throw new SheafError('BAD_ARGUMENT', 'a page cannot be blocked: deny it')
  const page: Page = await readPage(text, own)
  return { id: pageLocator(page), about: pageToText(page) }
}

/** Without a node names are known, and who oneself is is not. */
function stoppedSpace(home: string): OwnSpace {
  return async (name) => {
    if (name !== undefined) return spaceNamed(home, name)
    throw new SheafError('NOT_RUNNING', 'only a running node says who @me is', {
      hint: 'sheaf start --daemon',
    })
  }
}
