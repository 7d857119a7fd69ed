import { replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const n6 = defineRule({
  id: 'N6',
  severity: 'error',
  explains: true,
  title: 'A sparsity that looks like a percentage',
  why: 'Sparsity is a fraction between 0 and 1.',
  bad: 'prune: [{sparsity: 30}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ document, get }) {
    const prune = get(['prune'])
    if (!Array.isArray(prune)) return
    for (const i of prune.keys()) {
      const path = ['prune', i, 'sparsity']
      const value = get(path)
      const all = Array.isArray(value) ? value.map((v, j) => [v, [...path, j]] as const) : [[value, path] as const]
      for (const [v, at] of all) {
        if (typeof v !== 'number' || v < 1 || !Number.isFinite(v)) continue
        const better = Number((v / 100).toPrecision(6))
        yield {
          at,
          message:
            v < 100 && v > 1
              ? `Sparsity is a fraction: write ${better} for ${v} %.`
              : `Sparsity is a fraction below 1: at ${v} nothing would be left.`,
          fixes:
            v < 100 && v > 1 ? [{ title: `Write ${better}`, edits: replaceValue(document, at, String(better)) }] : [],
        }
      }
    }
  },
})
