import { andList, largest } from '../../formatting/lists.ts'
import { methodOf, methodsWithData } from '../../catalog/methods/methods.ts'
import { parseNm } from '../../catalog/formats/sparsity.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N11',
  severity: 'warning',
  title: 'Magnitude pruning at high sparsity without recovery',
  why: 'At half of the weights and more, magnitude pruning breaks language models: OPT-6.7B goes from 11 to 532 in perplexity at 50 % and to thousands at 60 % (arXiv 2406.07831). Retraining a few weights recovers much of it, as PERP shows.',
  bad: 'prune: [{method: magnitude, sparsity: 0.7}]\nsave: {to: out}',
  good: 'prune: [{method: magnitude, sparsity: 0.7}]\nrecover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ resolved, get }) {
    const written = get(['recover'])
    // A recovery that is written wrongly counts as one.
    if (written !== undefined && !(Array.isArray(written) && written.length === 0)) return
    for (const [i, step] of resolved.prune.entries()) {
      const most = largest([step.sparsity].flat(), 0, (s) => s)
      const { needs, seeded } = methodOf(step.method)
      if (needs !== 'nothing' || seeded || parseNm(step.pattern) || most <= 0.5) continue
      yield {
        at: ['prune', i, 'sparsity'],
        message: `Magnitude pruning to ${most} breaks most models without a recovery: add recover, or use ${andList(methodsWithData, 'or')}.`,
      }
    }
  },
}
