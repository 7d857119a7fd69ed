import { defineRule } from '../rule.ts'

export const rule = defineRule({
  id: 'R9',
  severity: 'warning',
  needs: 'model',
  title: 'Recovery without pruning and without a mask',
  why: 'No step prunes, and no mask lies beside the model: its exact zeros are taken for the mask. In a dense model there are next to none, and this is plain training.',
  bad: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nrecover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ resolved, model, has }) {
    if (resolved.recover.length === 0 || has(['prune', 0]) || !model || model.masked || model.sparsities) return
    yield {
      at: { key: ['recover'] },
      from: [['prune']],
      message:
        'Nothing is pruned, and no mask lies beside the model: its exact zeros are taken for the mask. Add prune, or use a checkpoint with sparsescope.mask.',
    }
  },
})
