import { appendItem, insertKey } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T8',
  severity: 'warning',
  needs: 'model',
  title: 'The output head is a target',
  why: 'Pruning the head costs far more than pruning a block; the papers leave it alone, and so does SparseScope, whatever matches it. llm-compressor prunes it with `targets: [Linear]` and even with `ignore: [lm_head]` (llm-compressor#1142).',
  bad: 'prune: [{sparsity: 0.3, targets: [Linear, "re:.*lm_head"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear], ignore: ["re:.*lm_head"]}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const ignored = new Set(step.ignore.flatMap((e) => context.matched(e)))
      const head = step.targets.flatMap((e) => context.matched(e)).find((m) => m.kind === 'head' && !ignored.has(m))
      if (!head) continue
      const path = ['prune', i, 'ignore']
      const entry = JSON.stringify(`re:.*${head.name.split('.').at(-1)}`)
      const edits = context.has(path)
        ? appendItem(context.document, path, entry)
        : insertKey(context.document, ['prune', i], 'ignore', `[${entry}]`)
      yield {
        at: ['prune', i, 'targets'],
        message: `This matches the output head ${head.name}, which stays dense here and would be pruned by other tools: add ${entry} to ignore.`,
        fixes: [{ title: `Ignore ${head.name}`, edits }],
      }
    }
  },
}
