import { isBlockwise } from '../../plan/passes.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'R11',
  severity: 'error',
  title: 'A recovery towards dense weights that are not there',
  why: '`reconstruct` and `refit` fit pruned blocks to the dense ones of the same run. Of a model that was pruned before, the dense weights are gone: it can be retrained.',
  bad: 'recover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, has }) {
    if (has(['prune', 0])) return
    for (const { path, resolved } of recoveries) {
      if (!isBlockwise(resolved)) continue
      const mode = [...path, 'mode']
      yield {
        at: has(mode) ? mode : { key: path },
        from: [['prune'], mode],
        message: `Mode ${resolved.mode} fits pruned weights to the dense ones of the same run: add prune, or use mode retrain.`,
      }
    }
  },
})
