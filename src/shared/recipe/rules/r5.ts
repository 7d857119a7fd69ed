import { adapterOf } from '../../adapters/adapters.ts'
import { replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const r5 = defineRule({
  id: 'R5',
  severity: 'error',
  needs: 'model',
  title: 'A rank as large as the matrix',
  why: 'An adapter of a rank of min(in, out) or more has as many parameters as the matrix itself: train `full` instead, or lower the rank. The paper uses 16.',
  bad: 'recover: {train: [mask_lora], lora: {rank: 4096}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved, model, adapter, has }) {
    const recover = resolved.recover
    if (!recover || !model || (adapter && !adapterOf(adapter).ranked) || (!adapter && !recover.train.includes('head')))
      return
    const { rank } = recover.lora
    const kinds = adapter ? ['linear'] : ['head']
    const small = model.modules.find((m) => kinds.includes(m.kind) && Math.min(m.rows, m.columns) <= rank)
    if (!small) return
    const least = Math.min(
      ...model.modules.filter((m) => kinds.includes(m.kind)).map((m) => Math.min(m.rows, m.columns)),
    )
    const better = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, least - 1) / 2 || 1)))
    const path = ['recover', 'lora', 'rank']
    yield {
      at: has(path) ? path : { key: ['recover'] },
      message: `Rank ${rank} is not below the ${Math.min(small.rows, small.columns)} of ${small.name} [${small.rows}, ${small.columns}]: lower it to ${Math.min(16, better)}.`,
      fixes: has(path)
        ? [
            {
              title: `Write ${Math.min(16, better)}`,
              edits: replaceValue(document, path, String(Math.min(16, better))),
            },
          ]
        : [],
    }
  },
})
