import { dataUses, isText } from '../dataUses.ts'
import { defineRule } from '../rule.ts'

export const c6 = defineRule({
  id: 'C6',
  severity: 'error',
  needs: 'model',
  title: 'Text without a tokenizer that fits',
  why: 'Text is read with the tokenizer.json of the model folder. Its ids must lie within the embedding. Files of ids (`.safetensors`) need no tokenizer.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, seq_len: 16}\nsave: {to: out}',
  *check({ resolved, model }) {
    if (!model?.modelConfig) return
    const { present, largestId } = model.tokenizer
    const rows = model.modelConfig.vocabSize
    for (const { path, data } of dataUses(resolved)) {
      if (!isText(data)) continue
      if (!present) {
        yield {
          at: [...path, 'data'],
          message:
            'This is text, but the model folder has no tokenizer.json: add it, or use a safetensors file of ids.',
        }
      } else if (largestId !== null && largestId >= rows) {
        yield {
          at: [...path, 'data'],
          message: `The tokenizer has ids up to ${largestId}, the embedding ${rows} rows: is tokenizer.json from another model?`,
        }
      }
    }
  },
})
