import { groupOf } from '../context.ts'
import { remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const n1 = defineRule({
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
        fixes: [
          { title: `Write ${text}`, edits: replaceValue(document, path, text) },
          { title: 'Remove the pattern', edits: remove(document, ['prune', i, 'pattern']) },
        ],
      }
    }
  },
})
