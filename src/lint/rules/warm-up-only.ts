import type { RuleFile } from '../rule.ts'
import { superfluousKeys } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'L3',
  severity: 'error',
  voice: 'explains',
  title: 'Warm-up as long as training',
  why: 'The rate rises from 0 over the first tenth of the steps, rounded up when retraining. With a single step all of it is warm-up, at rate 0, and nothing is learned. The share is fixed, as in the paper.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 1}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 100}\nsave: {to: out}',
  *check(context) {
    const { fix, recoveries, has } = context
    for (const { path, resolved } of recoveries) {
      const at = [...path, 'steps']
      if (resolved.mode !== 'retrain' || resolved.steps !== 1 || !has(at)) continue
      yield {
        at,
        message: 'The only step is warm-up, at rate 0, and trains nothing: use more steps.',
        fixes: [fix.write(at, '1000')],
      }
    }
    yield* superfluousKeys(context, /^warm_?up/, (key) => `Warm-up is always 10 % of the steps here: remove ${key}.`)
  },
}
