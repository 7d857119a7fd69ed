import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c3 = defineRule({
  id: 'C3',
  severity: 'error',
  needs: 'model',
  title: 'Damaged weights',
  why: 'A shard of the index is missing, or sizes and offsets of the file cannot be true. Most often a download was cut off.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C3'),
})
