import { isBlockwise } from '../../recipe/modes.ts'
import { stepNeedsData } from '../../recipe/resolve.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'M2',
  severity: 'hint',
  unnecessary: true,
  title: 'Calibration data that nothing uses',
  why: 'Magnitude and random pruning use no data, and retraining has its own data; merging an adapter needs none.',
  bad: 'prune: [{sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, resolved }) {
    const used = resolved.prune.some(stepNeedsData)
    if (!resolved.calibration || used || resolved.recover.some(isBlockwise)) return
    yield {
      at: { key: ['calibration'] },
      message: 'Nothing uses calibration here: remove it.',
      from: [['prune'], ['recover']],
      fixes: [fix.drop(['calibration'])],
    }
  },
}
