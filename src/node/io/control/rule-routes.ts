/** The operator's rules, as the control API shows and takes them. */
import { idToText } from '../../../base/text-id.ts'
import { filePlaces } from './denied-files.ts'
import type { Route } from './route.ts'
import { readChange } from './ruling.ts'
import { ruleJson } from './shapes.ts'

export const RULE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/rules',
    parameters: [],
    body: 'none',
    answer: 'json',
    handle: async ({ context: { api } }) => ({ rules: api.rules().map(ruleJson) }),
  },
  {
    method: 'POST',
    path: '/v1/rules',
    parameters: [],
    body: 'json',
    answer: 'json',
    async handle({ body, context: { api, own, nowMs } }) {
      const { change, rule, withFiles } = await readChange(body, own, nowMs())
      // Before it is denied: then it would not be found.
      const isDenied = change.action === 'set' && rule.type === 'deny'
      const files = isDenied ? await filePlaces(api, rule.id, nowMs()) : []
      const done = await api.rule(change)
      for (const id of withFiles ? files : []) {
        const why = rule.why === '' ? `a file of ${rule.about}` : rule.why
        await api.rule({ action: 'set', rule: { ...rule, id, about: idToText(id), why } })
      }
      return { rule: ruleJson(rule), ...done, files: files.map(idToText) }
    },
  },
]
