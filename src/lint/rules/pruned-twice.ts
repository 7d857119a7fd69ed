import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('pruned-twice', {
  id: 'T10',
  severity: 'error',
  needs: 'model',
  title: 'Two steps prune the same module',
  why: 'It is unclear which one should count. With different settings one of the two is a mistake; with equal ones the second step does nothing (llm-compressor#1231).',
  bad: 'prune:\n  - {sparsity: 0.3}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  good: 'prune:\n  - {sparsity: 0.3, ignore: ["re:.*fc1"]}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
})
