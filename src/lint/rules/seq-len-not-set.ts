import { placesOf } from '../../recipe/dataUses.ts'
import { idShapeOf } from '../../recipe/facts.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'L5',
  severity: 'warning',
  title: 'seq_len is not set',
  why: 'The default depends on the model. Memory and perplexity depend on it, so numbers are only comparable if it is known (llm-compressor#3011).',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 2048}\nsave: {to: out}',
  *check({ fix, uses, has, model, facts }) {
    const atMost = model?.modelConfig ? '' : 'at most '
    for (const { path, at, data, field, seqLen } of placesOf(uses)) {
      // Rows of ids have their own length, which is unknown until the file is read.
      const known = facts.data.get(data)
      const rows = known ? idShapeOf(known, field)?.length === 2 : /\.safetensors$/.test(data ?? '')
      if (seqLen === null || rows || has([...path, 'seq_len']) || !has([...path, 'data'])) continue
      yield {
        at,
        from: [[...path, 'seq_len']],
        message: `seq_len is not set here and will be ${atMost}${seqLen}: set it.`,
        fixes: [fix.add(path, 'seq_len', seqLen)],
      }
    }
  },
}
