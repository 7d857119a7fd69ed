import { methodOf } from '../../methods/methods.ts'
import { insertKey } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const l6 = defineRule({
  id: 'L6',
  severity: 'hint',
  title: 'No seed',
  why: 'Calibration windows, random pruning, adapter starts and shuffling are drawn with it. It is 0 when it is missing; written down, a reader sees that runs repeat (llm-compressor#1421).',
  bad: 'prune: [{method: random, sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{method: random, sparsity: 0.3}]\nseed: 0\nsave: {to: out}',
  *check({ document, resolved, has }) {
    if (has(['seed'])) return
    if (
      !resolved.prune.some(({ method }) => methodOf(method).seeded) &&
      !resolved.recover?.shuffle &&
      !resolved.calibration
    )
      return
    yield {
      at: {
        key: resolved.calibration ? ['calibration'] : resolved.recover?.shuffle ? ['recover', 'shuffle'] : ['prune'],
      },
      from: [['seed']],
      message: 'Something is drawn at random here: write the seed down.',
      fixes: [{ title: 'Add seed: 0', edits: insertKey(document, [], 'seed', '0') }],
    }
  },
})
