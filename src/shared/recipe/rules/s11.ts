import { remove } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const s11 = defineRule({
  id: 'S11',
  severity: 'info',
  title: 'A sweep is not run yet',
  why: '`sparsescope run` refuses a recipe with a sweep: give the values one run each, `run --set prune.0.sparsity=0.6`.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ document, has }) {
    if (!has(['sweep'])) return
    yield {
      at: { key: ['sweep'] },
      message: 'A sweep cannot be run yet: run the values one by one with --set, without it.',
      fixes: [{ title: 'Remove the sweep', edits: remove(document, ['sweep']) }],
    }
  },
})
