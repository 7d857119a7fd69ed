import { replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const l2 = defineRule({
  id: 'L2',
  severity: 'error',
  explains: true,
  title: 'An impossible learning rate',
  why: 'At 0 nothing is learned; above 0.1 AdamW leaves every basin at once.',
  bad: 'recover: {train: [norm], lr: 0}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm], lr: 5.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, get }) {
    const path = ['recover', 'lr']
    const lr = get(path)
    if (typeof lr !== 'number' || (lr > 0 && lr <= 0.1)) return
    yield {
      at: path,
      message: `lr ${lr} ${lr > 0.1 ? 'is far too large' : 'trains nothing'}: rates lie between 5.0e-6 and 5.0e-3.`,
      fixes: [{ title: 'Write 5.0e-4', edits: replaceValue(document, path, '5.0e-4') }],
    }
  },
})
