import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('nothing-to-allocate', {
  id: 'N13',
  severity: 'error',
  title: 'An allocation with nothing to spread',
  why: 'OWL and depth spread one sparsity over the blocks. A list already sets the sparsity of each block, and an N:M pattern fixes the sparsity of every group.',
  bad: 'prune: [{pattern: "2:4", allocation: owl}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, allocation: owl}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
})
