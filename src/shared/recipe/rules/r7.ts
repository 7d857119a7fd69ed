import { defaultAdapter } from '../../adapters/adapters.ts'
import { defineRule } from '../rule.ts'
import { setTrain } from '../trainEdits.ts'

export const r7 = defineRule({
  id: 'R7',
  severity: 'error',
  title: 'Nothing to train',
  why: 'No parameter of the model is left to train, so recovery would change nothing.',
  bad: 'recover: {train: []}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recipe, resolved, model, get }) {
    const recover = resolved.recover
    if (!recover) return
    const written = get(['recover', 'train'])
    // Wrong words are reported as such.
    if (written !== undefined && (!Array.isArray(written) || (recipe.recover?.train ?? []).length !== written.length))
      return
    const trains = (subset: string): boolean => {
      if (subset === 'head' || subset === 'embedding') return recover.mode === 'retrain'
      if (subset !== 'bias' || !model || model.parameters.length === 0) return true
      return model.parameters.some((p) => p.kind === 'bias' || p.kind === 'normBias')
    }
    if (recover.train.some(trains)) return
    yield {
      at: written === undefined ? { key: ['recover'] } : ['recover', 'train'],
      message: `Nothing would be trained: train [norm, ${defaultAdapter}], or bias and norm in models that have biases.`,
      fixes:
        written === undefined
          ? []
          : [setTrain(document, model && !trains('bias') ? ['norm', defaultAdapter] : ['bias', 'norm'])],
    }
  },
})
