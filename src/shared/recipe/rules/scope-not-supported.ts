import { andList } from '../../format/lists.ts'
import { methodOf, refusesScope } from '../../methods/methods.ts'
import { groupOf } from '../../lint/context.ts'
import { replaceValue } from '../edits.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N12',
  severity: 'error',
  title: 'A scope that the method does not know',
  why: 'Methods that correct weights solve one matrix at a time: which weights of the whole model are the least is not known before the last one is solved.',
  bad: 'prune: [{method: alps, scope: global}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: alps, scope: row}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (groupOf(step) || !refusesScope(step.method, step.scope)) continue
      const { scopes } = methodOf(step.method)
      const path = ['prune', i, 'scope']
      yield {
        at: path,
        message: `${step.method} knows no scope ${step.scope}: write ${andList(scopes, 'or')}.`,
        fixes: [{ title: `Write ${scopes[0]}`, edits: replaceValue(document, path, scopes[0]) }],
      }
    }
  },
})
