import { insertKey, replaceValue } from '../edits.ts'
import { defineRule } from '../../lint/rule.ts'

const long = 4096

export const rule = defineRule({
  id: 'L4',
  severity: 'error',
  needs: 'model',
  title: "Windows longer than the model's positions",
  why: 'The model has no position beyond `max_position_embeddings`. Above 4096 memory grows fast, and PERP never goes there.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 100000}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, uses, model, has }) {
    const most = model?.modelConfig?.maxPositions
    if (most === undefined) return
    for (const { path, seqLen } of uses) {
      const key = [...path, 'seq_len']
      if (seqLen === null || (seqLen <= most && (!has(key) || seqLen <= long))) continue
      const better = Math.min(most, long)
      const at = has(key) ? key : [...path, 'data']
      const edits = has(key)
        ? replaceValue(document, key, String(better))
        : insertKey(document, path, 'seq_len', String(better))
      yield {
        at,
        severity: seqLen > most ? 'error' : 'warning',
        message:
          seqLen > most
            ? `This model has ${most} positions, ${seqLen} are asked for: lower seq_len.`
            : `Windows of ${seqLen} tokens take much memory: ${long} is what PERP uses at most.`,
        fixes: [{ title: `${has(key) ? 'Write' : 'Add seq_len:'} ${better}`, edits }],
      }
    }
  },
})
