import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R9',
  severity: 'warning',
  needs: 'model',
  title: 'Recovery without pruning and without a mask',
  why: 'No step prunes, and the folder of the model has no mask file, so its exact zeros become the mask. A dense model has almost none: this is then plain training.',
  bad: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nrecover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ resolved, model, has }) {
    if (resolved.recover.length === 0 || has(['prune', 0]) || !model || model.masked || model.sparsities) return
    yield {
      at: { key: ['recover'] },
      from: [['prune']],
      message:
        'Nothing is pruned, and the folder of the model has no sparsescope.mask, so its exact zeros become the mask. Add prune, or use a checkpoint with a mask file.',
    }
  },
}
