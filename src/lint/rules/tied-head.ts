import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('tied-head', {
  id: 'R4',
  severity: 'warning',
  needs: 'model',
  title: 'Training the head of a tied model',
  why: 'Head and embedding are one matrix in this model. The trained head is saved as a matrix of its own, `tie_word_embeddings: false` is written into config.json, and the checkpoint grows by it (peft#2777).',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm, head]}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}\nsave: {to: out}',
})
