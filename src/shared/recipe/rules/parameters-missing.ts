import { setTrain } from '../../lint/fixes.ts'
import { defaultAdapter } from '../../adapters/adapters.ts'
import type { ModelFacts } from '../facts.ts'
import { defineRule } from '../../lint/rule.ts'

/** Kinds of parameters that a model may not have at all, with what they are called. */
const optional = {
  bias: { kinds: ['bias', 'normBias'], noun: 'biases' },
  norm: { kinds: ['norm'], noun: 'norm weights' },
} as const

type Optional = keyof typeof optional

function lacks({ parameters }: ModelFacts, subset: Optional): boolean {
  const kinds: readonly string[] = optional[subset].kinds
  return parameters.length > 0 && !parameters.some(({ kind }) => kinds.includes(kind))
}

export const rule = defineRule({
  id: 'R2',
  severity: 'warning',
  needs: 'model',
  title: 'The model has no biases, or no norm weights',
  why: 'LLaMA and Mistral have no biases, so `bias` trains nothing there; the norms of OLMo 1 have no weights. What a model has, and mask_lora, do the work.',
  bad: 'recover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm, mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, model }) {
    if (!model) return
    const missing = (Object.keys(optional) as Optional[]).filter((subset) => lacks(model, subset))
    const instead = missing.includes('norm') ? [defaultAdapter] : ['norm', defaultAdapter]
    for (const { path, written } of recoveries) {
      const { train = [] } = written
      const rest = train.filter((t) => !(missing as string[]).includes(t))
      for (const subset of missing.filter((one) => train.includes(one)))
        yield {
          at: [...path, 'train', train.indexOf(subset)],
          message: `This model has no ${optional[subset].noun}, so ${subset} trains nothing: use ${instead.length > 1 ? 'norm or ' : ''}an adapter such as ${defaultAdapter}.`,
          fixes: [setTrain(document, path, rest.length > 0 ? rest : instead)],
        }
    }
  },
})
