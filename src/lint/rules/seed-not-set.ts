import { methodOf } from '../../catalog/methods/methods.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'L6',
  severity: 'hint',
  title: 'No seed',
  why: 'The seed determines calibration windows, random pruning, the search of `reorder`, adapter starts and shuffling. Its default is 0. A seed in the recipe shows readers that the run can be repeated (llm-compressor#1421).',
  bad: 'prune: [{method: random, sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{method: random, sparsity: 0.3}]\nseed: 0\nsave: {to: out}',
  *check({ fix, resolved, recoveries, has }) {
    if (has(['seed'])) return
    const shuffled = recoveries.find((one) => one.resolved.shuffle)
    const drawn = resolved.prune.some(({ method, reorder }) => methodOf(method).seeded || reorder)
    if (!drawn && !shuffled && !resolved.calibration) return
    yield {
      at: {
        key: resolved.calibration ? ['calibration'] : shuffled ? [...shuffled.path, 'shuffle'] : ['prune'],
      },
      from: [['seed']],
      message: 'This recipe draws random numbers: set the seed.',
      fixes: [fix.add([], 'seed', 0)],
    }
  },
}
