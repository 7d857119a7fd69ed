import type { RuleFile } from '../rule.ts'
import { superfluousKeys } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'R6',
  severity: 'error',
  voice: 'explains',
  title: 'Dropout in an adapter',
  why: 'Adapters that keep sparsity have no dropout. PERP always sets it to 0, so the merged weights are the trained ones.',
  bad: 'recover: {train: [mask_lora], lora: {dropout: 0.1}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  check: (context) =>
    superfluousKeys(
      context,
      /^(?:lora_)?dropout$/,
      () => 'Adapters have no dropout here, because the merged weights must be those that were trained: remove it.',
    ),
}
