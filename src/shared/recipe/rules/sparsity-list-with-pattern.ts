import { drop } from '../../lint/fixes.ts'
import { groupOf } from '../../lint/context.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N9',
  severity: 'warning',
  title: 'Sparsity over depth together with N:M',
  why: 'An N:M pattern fixes the sparsity of every row, so a list of sparsities has no effect.',
  bad: 'prune: [{pattern: "2:4", sparsity: [0.4, 0.6]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: [0.3, 0.4]}]\nsave: {to: out}',
  *check({ document, resolved, recipe }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (!groupOf(step) || !Array.isArray(recipe.prune?.[i].sparsity)) continue
      yield {
        at: ['prune', i, 'sparsity'],
        message: `A list of sparsities has no effect with ${step.pattern}: remove the list or the pattern.`,
        fixes: [
          drop(document, ['prune', i, 'sparsity'], 'the list'),
          drop(document, ['prune', i, 'pattern'], 'the pattern'),
        ],
      }
    }
  },
})
