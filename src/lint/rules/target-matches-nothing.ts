import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('target-matches-nothing', {
  id: 'T1',
  severity: 'error',
  voice: 'general',
  needs: 'model',
  title: 'A target that matches no module',
  why: 'Nothing would be pruned by it. Names are those of the checkpoint without `.weight`; a regular expression must match from the start of the name (axolotl#2792).',
  bad: 'prune: [{sparsity: 0.3, targets: [model.decoder.layers.0.fc3]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [model.decoder.layers.0.fc1]}]\nsave: {to: out}',
})
