import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('step-prunes-nothing', {
  id: 'T',
  severity: 'error',
  needs: 'model',
  title: 'A step whose ignore leaves nothing',
  why: 'Each entry of `targets` matches something, and `ignore` matches all of it too: the step would prune nothing.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1"], ignore: ["re:.*fc[12]"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1"], ignore: ["re:.*fc2"]}]\nsave: {to: out}',
})
