import type { RuleFile } from '../rule.ts'
import { superfluousKeys } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'R8',
  severity: 'error',
  voice: 'explains',
  title: 'Training without keeping the mask',
  why: 'Training all weights without their mask fills the zeros (llm-compressor#1272). Here the mask is always kept and checked after every merge, so there is no key for it.',
  bad: 'recover: {train: [full], keep_mask: false}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [full]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  check: (context) =>
    superfluousKeys(
      context,
      /^(?:keep_mask|preserve_sparsity_mask|preserve_mask)$/,
      (key) => `The mask is always kept here: remove ${key}.`,
    ),
}
