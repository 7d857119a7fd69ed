import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('pattern-does-not-divide', {
  id: 'N2',
  severity: 'error',
  needs: 'model',
  title: 'M does not divide the number of inputs',
  why: 'Groups of M are along the inputs of a row. A last group with fewer than M weights would lose too many of them.',
  bad: 'prune: [{pattern: "2:5"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
})
