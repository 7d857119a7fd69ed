import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('dense-weights-missing', {
  id: 'R11',
  severity: 'error',
  title: 'A recovery towards dense weights that are missing',
  why: '`reconstruct` and `refit` fit pruned blocks to the dense ones of the same run. A model that was pruned before no longer has its dense weights, but it can be retrained. A retraining whose `loss` compares with the dense model needs that model too: the recipe prunes it, `sparsescope.json` names it, or `dense` does.',
  bad: 'recover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
