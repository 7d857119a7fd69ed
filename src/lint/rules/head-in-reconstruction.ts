import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('head-in-reconstruction', {
  id: 'R3',
  severity: 'warning',
  title: 'The head is not trained by reconstruction',
  why: 'Reconstruction fits the outputs of blocks; the head and the embedding are not in a block, so they are skipped.',
  bad: 'recover: {mode: reconstruct, train: [norm, head]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {mode: reconstruct, train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
