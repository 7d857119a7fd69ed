import { write } from '../../lint/fixes.ts'
import { methodOf } from '../../methods/methods.ts'
import { groupOf } from '../../lint/context.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N5',
  severity: 'error',
  title: 'block_size is not a multiple of M',
  why: 'SparseGPT chooses N:M groups inside its column blocks: with another size the groups shift from block to block, and more is pruned than asked.',
  bad: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 6}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 8}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved, has }) {
    for (const [i, step] of resolved.prune.entries()) {
      const group = groupOf(step)
      const { block_size: size } = step
      if (!group || !methodOf(step.method).columnBlocks || size === undefined || size % group.m === 0) continue
      const better = Math.max(1, Math.round(size / group.m)) * group.m
      const path = ['prune', i, 'block_size']
      yield {
        at: has(path) ? path : ['prune', i, 'pattern'],
        message: `block_size ${size} is not a multiple of ${group.m}: set it to ${better}.`,
        fixes: [write(document, path, better)],
      }
    }
  },
})
