import { remove } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const r6 = defineRule({
  id: 'R6',
  severity: 'error',
  explains: true,
  title: 'Dropout in an adapter',
  why: 'The adapters that keep sparsity have no dropout: PERP sets it to 0 whatever is asked for, so that what is merged is what was trained.',
  bad: 'recover: {train: [mask_lora], lora: {dropout: 0.1}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    for (const { key, path } of unknownKeys(context)) {
      if (!/^(?:lora_)?dropout$/.test(key)) continue
      yield {
        at: { key: path },
        message: 'Adapters have no dropout here, so that what is merged is what was trained: remove it.',
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})
