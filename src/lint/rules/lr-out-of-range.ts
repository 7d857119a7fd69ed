import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'L2',
  severity: 'error',
  voice: 'explains',
  title: 'An impossible learning rate',
  why: 'At 0 nothing is learned; above 0.1 AdamW diverges at once.',
  bad: 'recover: {train: [norm], lr: 0}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm], lr: 5.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, recoveries, get }) {
    for (const { path } of recoveries) {
      const at = [...path, 'lr']
      const lr = get(at)
      if (typeof lr !== 'number' || (lr > 0 && lr <= 0.1)) continue
      yield {
        at,
        message: `lr ${lr} ${lr > 0.1 ? 'is far too large' : 'trains nothing'}: rates are between 5.0e-6 and 5.0e-3.`,
        fixes: [fix.write(at, '5.0e-4')],
      }
    }
  },
}
