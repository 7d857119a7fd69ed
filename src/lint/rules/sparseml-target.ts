import { rewrite } from '../sourceText.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T14',
  severity: 'error',
  voice: 'explains',
  hasSafeFix: true,
  title: "SparseML's word for everything",
  why: '`__ALL__` and `__ALL_PRUNABLE__` match nothing, here as in llm-compressor, whose documentation still names them. `Linear` is every projection inside the blocks.',
  bad: 'prune: [{sparsity: 0.3, targets: [__ALL_PRUNABLE__]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      if (!/^__ALL(?:_PRUNABLE)?__$/.test(entry.matcher.entry)) continue
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} matches nothing: write Linear for every projection inside the blocks.`,
        fixes: [rewrite(context, entry, 'Linear')],
      }
    }
  },
}
