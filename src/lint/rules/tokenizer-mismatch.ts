import type { Path } from '../../recipe/document.ts'
import { isText } from '../../recipe/dataUses.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'C6',
  severity: 'error',
  needs: 'model',
  title: 'Text without a tokenizer that fits',
  why: 'Text is read with the tokenizer.json of the model folder. Its ids must be within the embedding. Files of ids (`.safetensors`) need no tokenizer.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, seq_len: 16}\nsave: {to: out}',
  *check({ uses, model, resolved }) {
    if (!model?.modelConfig) return
    const { present, largestId } = model.tokenizer
    const rows = model.modelConfig.vocabSize
    const prompts = resolved.evaluate.flatMap((one, i): Path[] => (one.prompts ? [['evaluate', i, 'prompts']] : []))
    const texts = uses.filter(({ data }) => isText(data)).map(({ at }) => at)
    for (const at of [...texts, ...prompts]) {
      if (!present) {
        const instead = at.includes('data') ? ', or use a safetensors file of ids' : ''
        yield { at, message: `This is text, but the model folder has no tokenizer.json: add it${instead}.` }
      } else if (largestId !== null && largestId >= rows) {
        yield {
          at,
          message: `The tokenizer has ids up to ${largestId}, the embedding ${rows} rows: is tokenizer.json from another model?`,
        }
      }
    }
  },
}
