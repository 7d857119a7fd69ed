import { idShapeOf } from '../../recipe/facts.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'M5',
  severity: 'error',
  needs: 'data',
  title: 'The file has too little text',
  why: 'Windows of ids are taken as they are, so the file must have enough of them. For text the bytes are an upper bound of its tokens: a file with fewer bytes cannot give one whole window.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, samples: 100, seq_len: 16}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, samples: 64, seq_len: 16}\nsave: {to: out}',
  *check({ fix, uses, facts, has }) {
    for (const { path, at: named, data, field, samples, files, seqLen, purpose } of uses) {
      const file = facts.data.get(data)
      if (seqLen === null || !file?.exists || file.problem !== null) continue
      const shape = idShapeOf(file, field)
      const there = files > 1 ? ' there' : ''
      const at = (key: string) => (has([...path, key]) ? [...path, key] : named)
      const use = (key: string, value: number) =>
        has([...path, key]) && value > 0 ? [fix.write([...path, key], value)] : []
      if (shape) {
        const [windows, length] = shape.length === 1 ? [Math.floor(shape[0] / seqLen), shape[0]] : shape
        if (length < seqLen) {
          yield {
            at: at('seq_len'),
            message: `${data} has ${length} ids in a row, ${seqLen} are needed: lower seq_len.`,
            fixes: use('seq_len', length),
          }
        } else if (samples !== null && windows < samples) {
          yield {
            at: at('samples'),
            message: `${data} has ${windows} windows, ${samples} are needed${there}: lower samples.`,
            fixes: use('samples', files * windows),
          }
        }
      } else if (purpose === 'retrain' && samples !== null && file.documents !== null && file.documents < samples) {
        yield {
          at: at('samples'),
          message: `${data} has ${file.documents} document${file.documents === 1 ? '' : 's'}, and retraining takes one for each of its ${samples} samples${there}: lower samples or use a .jsonl of documents.`,
          fixes: use('samples', files * file.documents),
        }
      } else if (file.kind === 'text' && purpose !== 'retrain' && file.bytes < seqLen) {
        yield {
          at: at('seq_len'),
          message: `${data} has only ${file.bytes} bytes, which cannot give ${seqLen} tokens: choose another file or lower seq_len.`,
        }
      }
    }
  },
}
