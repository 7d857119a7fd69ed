import { defaultAdapter } from '../../adapters/adapters.ts'
import { defineRule } from '../rule.ts'
import { setTrain } from '../trainEdits.ts'

export const r2 = defineRule({
  id: 'R2',
  severity: 'warning',
  needs: 'model',
  title: 'The model has no biases',
  why: 'LLaMA and Mistral have none, so `bias` trains nothing there; norms and mask_lora do the work.',
  bad: 'recover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm, mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recipe, model }) {
    const train = recipe.recover?.train
    if (!train?.includes('bias') || !model || model.parameters.length === 0) return
    if (model.parameters.some((p) => p.kind === 'bias' || p.kind === 'normBias')) return
    const rest = train.filter((t) => t !== 'bias')
    yield {
      at: ['recover', 'train', train.indexOf('bias')],
      message: `This model has no biases, so bias trains nothing: use norm or an adapter such as ${defaultAdapter}.`,
      fixes: [setTrain(document, rest.length > 0 ? rest : ['norm', defaultAdapter])],
    }
  },
})
