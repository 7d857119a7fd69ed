import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('seq-len-too-long', {
  id: 'L4',
  severity: 'error',
  needs: 'model',
  title: "Windows longer than the model's positions",
  why: 'The model has no position beyond `max_position_embeddings`. Above 4096 tokens memory grows fast; PERP uses no longer windows.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 100000}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
