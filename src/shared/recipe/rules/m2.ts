import { needsData } from '../../methods/methods.ts'
import { remove } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const m2 = defineRule({
  id: 'M2',
  severity: 'hint',
  title: 'Calibration data that nothing uses',
  why: 'Magnitude and random pruning look at no data, and retraining has data of its own.',
  bad: 'prune: [{sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved }) {
    const used = resolved.prune.some(({ method }) => needsData(method))
    if (!resolved.calibration || used || resolved.recover?.mode === 'reconstruct') return
    yield {
      at: { key: ['calibration'] },
      message: 'Nothing uses calibration here: remove it.',
      from: [['prune'], ['recover']],
      fixes: [{ title: 'Remove calibration', edits: remove(document, ['calibration']) }],
    }
  },
})
