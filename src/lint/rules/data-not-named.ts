import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('data-not-named', {
  id: 'M1',
  severity: 'error',
  title: 'Data is needed but not named',
  why: 'Wanda and SparseGPT use the inputs of every linear, and reconstruction fits outputs on them: both need `calibration`. Retraining needs `recover.data`.',
  bad: 'prune: [{method: wanda, sparsity: 0.5}]\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.5}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
