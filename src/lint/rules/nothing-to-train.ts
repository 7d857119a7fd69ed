import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('nothing-to-train', {
  id: 'R7',
  severity: 'error',
  title: 'Nothing to train',
  why: 'No parameter of the model is left to train, so recovery would change nothing.',
  bad: 'recover: {train: []}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
