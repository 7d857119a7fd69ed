import { remove } from '../edits.ts'
import { type ModelModule } from '../facts.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'T10',
  severity: 'error',
  needs: 'model',
  title: 'Two steps prune the same module',
  why: 'Which one should count? With different settings one of the two is a mistake; with equal ones the second step does nothing (llm-compressor#1231).',
  bad: 'prune:\n  - {sparsity: 0.3}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  good: 'prune:\n  - {sparsity: 0.3, ignore: ["re:.*fc1"]}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  *check(context) {
    const steps = context.resolved.prune
    const prunedIn = new Map<ModelModule, number>()
    for (const [i, step] of steps.entries()) {
      const mine = context.prunedBy(step)
      const both = mine.filter((m) => prunedIn.has(m))
      for (const m of mine) if (!prunedIn.has(m)) prunedIn.set(m, i)
      if (both.length === 0) continue
      const j = prunedIn.get(both[0]) ?? 0
      const settings = (k: number) => JSON.stringify({ ...steps[k], targets: [], ignore: [] })
      const equal = settings(i) === settings(j)
      const path = ['prune', i]
      yield {
        at: context.has([...path, 'targets']) ? [...path, 'targets'] : path,
        severity: equal ? 'hint' : 'error',
        message: `Step ${i} prunes ${both[0].name}${both.length > 1 ? ` and ${both.length - 1} more` : ''}, as step ${j} does already${equal ? '' : ' with other settings'}: narrow one of them.`,
        fixes:
          both.length === mine.length ? [{ title: `Remove step ${i}`, edits: remove(context.document, path) }] : [],
      }
    }
  },
})
