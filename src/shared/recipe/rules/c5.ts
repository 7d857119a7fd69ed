import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c5 = defineRule({
  id: 'C5',
  severity: 'error',
  needs: 'model',
  title: 'Quantised weights',
  why: 'Pruning compares and changes weights as numbers: it needs F32, F16 or BF16, not packed or FP8 weights.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C5'),
})
