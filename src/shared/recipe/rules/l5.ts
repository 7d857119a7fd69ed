import { dataUses } from '../dataUses.ts'
import { insertKey } from '../edits.ts'
import { idShapeOf } from '../facts.ts'
import { defineRule } from '../rule.ts'

export const l5 = defineRule({
  id: 'L5',
  severity: 'warning',
  title: 'seq_len is not set',
  why: 'The default depends on the model. Memory and perplexity depend on it, so numbers are only comparable when it is written down (llm-compressor#3011).',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 2048}\nsave: {to: out}',
  *check({ document, resolved, has, model, facts }) {
    const atMost = model?.modelConfig ? '' : 'at most '
    for (const { path, data, field, seqLen } of dataUses(resolved)) {
      // Rows of ids have a length of their own.
      const rows = idShapeOf(facts.data.get(data), field)?.length === 2
      if (seqLen === null || rows || has([...path, 'seq_len']) || !has([...path, 'data'])) continue
      const edits = insertKey(document, path, 'seq_len', String(seqLen))
      yield {
        at: [...path, 'data'],
        from: [[...path, 'seq_len']],
        message: `seq_len is not set here and will be ${atMost}${seqLen}: write it down.`,
        fixes: [{ title: `Add seq_len: ${seqLen}`, edits }],
      }
    }
  },
})
