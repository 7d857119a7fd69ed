import { normalPath } from '../../format/paths.ts'
import { defineRule } from '../../rule/rule.ts'

export const rule = defineRule({
  id: 'M6',
  severity: 'warning',
  title: 'Evaluated on what it was trained on',
  why: 'A perplexity on the calibration or training text says little about any other text.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: a.jsonl, seq_len: 64}]',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: b.jsonl, seq_len: 64}]',
  *check({ uses }) {
    for (const use of uses.filter((u) => u.purpose === 'evaluate')) {
      const other = uses.find(
        (u) => u.purpose !== 'evaluate' && normalPath(u.data) === normalPath(use.data) && u.field === use.field,
      )
      if (!other) continue
      yield {
        at: [...use.path, 'data'],
        message: `This text is also used for ${other.purpose === 'calibration' ? 'calibration' : 'training'}: evaluate on another one.`,
      }
    }
  },
})
