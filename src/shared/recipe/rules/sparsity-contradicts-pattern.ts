import { drop, write } from '../../lint/fixes.ts'
import { groupOf } from '../../lint/context.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N1',
  severity: 'error',
  title: 'Sparsity and N:M disagree',
  why: 'N zeros in each M weights is a sparsity of N/M, no other. PERP refuses another value, llm-compressor ignores it.',
  bad: 'prune: [{pattern: "2:4", sparsity: 0.6}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4", sparsity: 0.5}]\nsave: {to: out}',
  *check({ document, resolved, recipe }) {
    for (const [i, step] of resolved.prune.entries()) {
      const group = groupOf(step)
      const given = recipe.prune?.[i].sparsity
      if (!group || typeof given !== 'number') continue
      const share = group.n / group.m
      if (Math.abs(given - share) < 5e-3) continue
      const path = ['prune', i, 'sparsity']
      const text = String(Number(share.toFixed(4)))
      yield {
        at: path,
        message: `${step.pattern} means ${group.n} zeros in each ${group.m} weights, a sparsity of ${text}: write that, or remove the pattern.`,
        fixes: [write(document, path, text), drop(document, ['prune', i, 'pattern'], 'the pattern')],
      }
    }
  },
})
