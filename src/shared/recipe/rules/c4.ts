import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c4 = defineRule({
  id: 'C4',
  severity: 'error',
  needs: 'model',
  title: 'config.json does not fit the weights',
  why: 'A tensor is missing or has another shape than config.json says: one of the two is from another model.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C4'),
})
