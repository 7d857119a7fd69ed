import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('regex-needs-prefix', {
  id: 'T3',
  severity: 'error',
  voice: 'explains',
  needs: 'model',
  hasSafeFix: true,
  title: 'A regular expression that needs .* in front',
  why: "A regular expression must match from the start of the name, as Python's `re.match` does: `re:fc1` does not match `model.decoder.layers.0.fc1`.",
  bad: 'prune: [{sparsity: 0.3, targets: ["re:fc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1"]}]\nsave: {to: out}',
})
