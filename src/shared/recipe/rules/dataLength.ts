// Lengths of windows and of what they are cut from.
import { insertKey, replaceValue } from '../edits.ts'
import { idShapeOf } from '../facts.ts'
import { defineRule } from '../rule.ts'

export const m5 = defineRule({
  id: 'M5',
  severity: 'error',
  needs: 'data',
  title: 'The file has too little text',
  why: 'Windows of ids are taken as they are, so there must be as many as asked for. For text the bytes are an upper bound of its tokens: a file with fewer bytes cannot give one whole window.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, samples: 100, seq_len: 16}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, samples: 64, seq_len: 16}\nsave: {to: out}',
  *check({ document, uses, facts, has }) {
    for (const { path, data, field, samples, seqLen, purpose } of uses) {
      const file = facts.data.get(data)
      if (seqLen === null || !file?.exists || file.problem !== null) continue
      const shape = idShapeOf(file, field)
      const at = (key: string) => (has([...path, key]) ? [...path, key] : [...path, 'data'])
      const use = (key: string, value: number) =>
        has([...path, key]) && value > 0
          ? [{ title: `Write ${value}`, edits: replaceValue(document, [...path, key], String(value)) }]
          : []
      if (shape) {
        const [windows, length] = shape.length === 1 ? [Math.floor(shape[0] / seqLen), shape[0]] : shape
        if (length < seqLen) {
          yield {
            at: at('seq_len'),
            message: `${data} has ${length} ids in a row, ${seqLen} are asked for: lower seq_len.`,
            fixes: use('seq_len', length),
          }
        } else if (samples !== null && windows < samples) {
          yield {
            at: at('samples'),
            message: `${data} has ${windows} windows, ${samples} are asked for: lower samples.`,
            fixes: use('samples', windows),
          }
        }
      } else if (purpose === 'retrain' && samples !== null && file.documents !== null && file.documents < samples) {
        yield {
          at: at('samples'),
          message: `${data} has ${file.documents} document${file.documents === 1 ? '' : 's'}, and retraining takes one for each of its ${samples} samples: lower samples or use a .jsonl of documents.`,
          fixes: use('samples', file.documents),
        }
      } else if (file.kind === 'text' && purpose !== 'retrain' && file.bytes < seqLen) {
        yield {
          at: at('seq_len'),
          message: `${data} has only ${file.bytes} bytes, which cannot give ${seqLen} tokens: choose another file or lower seq_len.`,
        }
      }
    }
  },
})

export const m8 = defineRule({
  id: 'M8',
  severity: 'error',
  needs: 'data',
  title: 'No document is long enough',
  why: 'A calibration window is cut out of one document, so some document must have more tokens than `seq_len`. A token has at least one byte, so bytes tell where that cannot be.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: short.jsonl, seq_len: 512}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: short.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, uses, facts, has }) {
    for (const { purpose, path, data, seqLen } of uses) {
      const longest = facts.data.get(data)?.longestDocument ?? null
      if (purpose !== 'calibration' || seqLen === null || longest === null || longest > seqLen) continue
      const at = has([...path, 'seq_len']) ? [...path, 'seq_len'] : [...path, 'data']
      // About four bytes make a token of English.
      const better = Math.max(2, 2 ** Math.floor(Math.log2(Math.max(8, longest) / 4)))
      yield {
        at,
        message: `The longest document of ${data} has ${longest} bytes, so none gives more than ${seqLen} tokens: shorten seq_len or join documents.`,
        fixes: has([...path, 'seq_len'])
          ? [{ title: `Write ${better}`, edits: replaceValue(document, at, String(better)) }]
          : [],
      }
    }
  },
})

const long = 4096

export const l4 = defineRule({
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

export const l5 = defineRule({
  id: 'L5',
  severity: 'warning',
  title: 'seq_len is not set',
  why: 'The default depends on the model. Memory and perplexity depend on it, so numbers are only comparable when it is written down (llm-compressor#3011).',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 2048}\nsave: {to: out}',
  *check({ document, uses, has, model, facts }) {
    const atMost = model?.modelConfig ? '' : 'at most '
    for (const { path, data, field, seqLen } of uses) {
      // Rows of ids have a length of their own; of ids that nobody has looked at, as before a run, who knows.
      const known = facts.data.get(data)
      const rows = known ? idShapeOf(known, field)?.length === 2 : /\.safetensors$/.test(data ?? '')
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
