import { adapterOf } from '../../catalog/adapters/adapters.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R5',
  severity: 'error',
  needs: 'model',
  title: 'A rank as large as the matrix',
  why: 'An adapter of a rank of min(in, out) or more has as many parameters as the matrix itself: train `full` instead, or lower the rank. The paper uses 16.',
  bad: 'recover: {train: [mask_lora], lora: {rank: 4096}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, recoveries, model, has }) {
    if (!model) return
    for (const { path, resolved, adapter } of recoveries) {
      if ((adapter && !adapterOf(adapter).ranked) || (!adapter && !resolved.train.includes('head'))) continue
      const { rank } = resolved.lora
      const carriers = model.modules.filter(({ kind }) => kind === (adapter ? 'linear' : 'head'))
      const small = carriers.find((m) => Math.min(m.rows, m.columns) <= rank)
      if (!small) continue
      const least = Math.min(...carriers.map((m) => Math.min(m.rows, m.columns)))
      const better = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, least - 1) / 2 || 1)))
      const at = [...path, 'lora', 'rank']
      const text = String(Math.min(16, better))
      yield {
        at: has(at) ? at : { key: path },
        message: `Rank ${rank} is not below the ${Math.min(small.rows, small.columns)} of ${small.name} [${small.rows}, ${small.columns}]: lower it to ${text}.`,
        fixes: [fix.write(at, text)],
      }
    }
  },
}
