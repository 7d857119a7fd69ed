import { rewrite } from '../sourceText.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T2',
  severity: 'error',
  voice: 'explains',
  title: 'A target that ends in .weight',
  why: 'Targets match names of modules, not of tensors: with `.weight` at its end an entry matches nothing, in compressed-tensors as here. Published recipes have this mistake.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1.weight"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1$"]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const better = entry.matcher.entry.replace(/(?:\\?\.)(?:weight|bias)(\$?)$/, '$1')
      if (better === entry.matcher.entry) continue
      yield {
        at: entry.path,
        message: `Targets are names of modules, not of tensors: write ${better}.`,
        fixes: [rewrite(context, entry, better)],
      }
    }
  },
}
