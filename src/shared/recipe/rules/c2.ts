import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c2 = defineRule({
  id: 'C2',
  severity: 'error',
  needs: 'model',
  title: 'An unknown model family',
  why: 'How blocks are computed must be known exactly: an unknown `model_type`, or a setting that changes the mathematics, is refused instead of guessed at. The inspector opens the file all the same.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C2'),
})
