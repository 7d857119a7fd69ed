import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('ignore-matches-nothing', {
  id: 'T7',
  severity: 'warning',
  needs: 'model',
  title: 'An ignore entry that matches no module',
  why: 'It leaves nothing out, so the modules that it should protect are pruned. An entry for the output head is fine in a model whose head is its embedding.',
  bad: 'prune: [{sparsity: 0.3, ignore: ["re:.*fcc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, ignore: ["re:.*fc1"]}]\nsave: {to: out}',
})
