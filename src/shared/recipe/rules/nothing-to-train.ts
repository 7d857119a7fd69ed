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
  id: 'R7',
  severity: 'error',
  title: 'Nothing to train',
  why: 'No parameter of the model is left to train, so recovery would change nothing.',
  bad: 'recover: {train: []}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, model, get }) {
    for (const { path, written, resolved } of recoveries) {
      if (resolved.mode === 'refit') continue
      const given = get([...path, 'train'])
      // Wrong words are reported as such.
      if (given !== undefined && (!Array.isArray(given) || (written.train ?? []).length !== given.length)) continue
      const trains = (subset: string): boolean => {
        if (subset === 'head' || subset === 'embedding') return resolved.mode === 'retrain'
        return !model || !(subset === 'bias' || subset === 'norm') || !lacks(model, subset)
      }
      if (resolved.train.some(trains)) continue
      const better = [...(trains('norm') ? ['norm'] : []), defaultAdapter]
      yield {
        at: given === undefined ? { key: path } : [...path, 'train'],
        message: `Nothing would be trained: train [${better.join(', ')}]${trains('norm') ? ', or bias and norm in models that have biases' : ''}.`,
        fixes: given === undefined ? [] : [setTrain(document, path, trains('bias') ? ['bias', 'norm'] : better)],
      }
    }
  },
})
