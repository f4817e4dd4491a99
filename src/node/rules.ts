/**
 * The operator's own word: what this node denies, and whom it blocks. It wins over every
 * other policy on this machine, and over nobody else's.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import type { RetentionPolicy } from './retention.ts'

/** Each costs some hundred bytes of memory and a line of a file. */
export const RULES_MAX = 10_000
export const WHY_LETTERS_MAX = 500
/** Devices of blocked entities that were met since the start; one more is met once more. */
const DEVICES_MAX = 4_096

export interface Rule {
  /** `deny` is about what is said, `block` about who is there. */
  type: 'deny' | 'block'
  /** Denied: id of a block or piece, locator of a place, or entity of an author. Blocked: device or entity. */
  id: Uint8Array
  /** What the operator called it: a page's address, an entity, an id. */
  about: string
  why: string
  sinceMs: number
}

export type RuleChange =
  | { action: 'set'; rule: Rule }
  | { action: 'lift'; type: Rule['type']; id: Uint8Array }

export class Rules {
  #rules: readonly Rule[] = []
  readonly #denied = new IdSet()
  readonly #blocked = new IdSet()
  /** Of blocked entities: whose device it is shows only once one is connected. */
  readonly #devices = new IdMap<Uint8Array>(DEVICES_MAX)

  constructor(rules: readonly Rule[] = []) {
    this.replace(rules)
  }

  get all(): readonly Rule[] {
    return this.#rules
  }

  get denyNothing(): boolean {
    return this.#denied.size === 0
  }

  /** These instead of those before. Throws TOO_LARGE where they are more than RULES_MAX. */
  replace(rules: readonly Rule[]): void {
    if (rules.length > RULES_MAX) {
      throw new SheafError('TOO_LARGE', `${rules.length} rules where ${RULES_MAX} can be kept`)
    }
    this.#rules = [...rules]
    this.#denied.clear()
    this.#blocked.clear()
    for (const { type, id } of rules) (type === 'deny' ? this.#denied : this.#blocked).add(id)
  }

  denies(id: Uint8Array): boolean {
    return this.#denied.has(id)
  }

  blocks(device: Uint8Array, entity?: Uint8Array): boolean {
    if (this.#blocked.size === 0) return false
    if (entity !== undefined && this.#blocked.has(entity)) this.#devices.set(device, entity)
    const owner = this.#devices.get(device)
    return this.#blocked.has(device) || (owner !== undefined && this.#blocked.has(owner))
  }
}

/**
 * The rules after a change: one for each thing, the newest last. `isChanged` is false where a rule is
 * lifted that is not there. Throws BAD_ARGUMENT for words that are too long, TOO_LARGE for too many rules.
 */
export function changedRules(
  rules: readonly Rule[],
  change: RuleChange,
): { rules: Rule[]; isChanged: boolean } {
  const { type, id } = change.action === 'set' ? change.rule : change
  const others = rules.filter((rule) => rule.type !== type || !equalBytes(rule.id, id))
  if (change.action === 'lift') return { rules: others, isChanged: others.length < rules.length }
  if (change.rule.why.length > WHY_LETTERS_MAX) {
    throw new SheafError('BAD_ARGUMENT', `a reason has at most ${WHY_LETTERS_MAX} letters`)
  }
  if (others.length >= RULES_MAX) {
    throw new SheafError('TOO_LARGE', `there are ${RULES_MAX} rules, and no room for another`)
  }
  return { rules: [...others, change.rule], isChanged: true }
}

/** A policy that obeys the rules before its own judgement. */
export function ruledBy(rules: Rules, policy: RetentionPolicy): RetentionPolicy {
  return {
    admit: (block) => {
      const { id, locator } = block
      const isDenied = rules.denies(id) || (locator !== undefined && rules.denies(locator))
      return isDenied ? 'policy' : policy.admit(block)
    },
    serves: (id) => !rules.denies(id) && policy.serves(id),
    servesAll: () => rules.denyNothing && policy.servesAll(),
    talksTo: (device, entity) => !rules.blocks(device, entity) && policy.talksTo(device, entity),
  }
}
