// The mask during recovery.
import { remove } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const r8 = defineRule({
  id: 'R8',
  severity: 'error',
  explains: true,
  title: 'Training without keeping the mask',
  why: 'Training all weights without their mask fills the zeros (llm-compressor#1272). Here the mask is always kept and checked after every merge, so there is no key for it.',
  bad: 'recover: {train: [full], keep_mask: false}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [full]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    for (const { key, path } of unknownKeys(context)) {
      if (!/^(?:keep_mask|preserve_sparsity_mask|preserve_mask)$/.test(key)) continue
      yield {
        at: { key: path },
        message: `The mask is always kept here: remove ${key}.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})

export const r9 = defineRule({
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
