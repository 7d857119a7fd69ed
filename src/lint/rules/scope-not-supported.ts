import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('scope-not-supported', {
  id: 'N12',
  severity: 'error',
  title: 'A scope that the method does not support',
  why: 'Methods that correct weights solve one matrix at a time: the smallest weights of the whole model are not known before the last matrix is solved.',
  bad: 'prune: [{method: alps, scope: global}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: alps, scope: row}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
