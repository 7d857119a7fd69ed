import { modelProblems } from '../modelProblems.ts'
import { defineRule } from '../rule.ts'

export const c1 = defineRule({
  id: 'C1',
  severity: 'error',
  needs: 'model',
  title: 'The model folder or its config.json is missing',
  why: 'A model is a folder with `config.json` and `model.safetensors` or its index; the path is relative to the recipe.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  check: (context) => modelProblems(context, 'C1'),
})
