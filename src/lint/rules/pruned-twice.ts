import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('pruned-twice', {
  id: 'T10',
  severity: 'error',
  needs: 'model',
  title: 'Two steps prune the same module',
  why: 'It is unclear which step should apply. With different settings one of them is a mistake; with equal ones the second does nothing (llm-compressor#1231).',
  bad: 'prune:\n  - {sparsity: 0.3}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  good: 'prune:\n  - {sparsity: 0.3, ignore: ["re:.*fc1"]}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
})
