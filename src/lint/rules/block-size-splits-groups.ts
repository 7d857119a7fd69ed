import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('block-size-splits-groups', {
  id: 'N5',
  severity: 'error',
  title: 'block_size is not a multiple of M',
  why: 'SparseGPT chooses N:M groups inside its column blocks: with another size the groups shift from block to block, and more weights are pruned than requested.',
  bad: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 6}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 8}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
