import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c7 = defineRule({
  id: 'C7',
  severity: 'error',
  needs: 'model',
  title: 'No safetensors file',
  why: 'Pickles (`.bin`, `.pt`) can run code when they are opened, and a Git-LFS pointer holds no weights. Convert with `save_pretrained(…, safe_serialization=True)`, or run `git lfs pull`.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C7'),
})
