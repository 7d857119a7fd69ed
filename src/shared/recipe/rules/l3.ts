import { remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const l3 = defineRule({
  id: 'L3',
  severity: 'error',
  explains: true,
  title: 'Warm-up as long as training',
  why: 'The rate rises from 0 over the first tenth of the steps, rounded up when retraining. With a single step all of it is warm-up, at rate 0, and nothing is learned. The share is fixed, as in the paper.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 1}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 100}\nsave: {to: out}',
  *check(context) {
    const { document, resolved, has } = context
    const path = ['recover', 'steps']
    if (resolved.recover?.mode === 'retrain' && resolved.recover.steps === 1 && has(path)) {
      yield {
        at: path,
        message: 'The only step is warm-up, at rate 0, and trains nothing: use more steps.',
        fixes: [{ title: 'Write 1000', edits: replaceValue(document, path, '1000') }],
      }
    }
    for (const { key, path } of unknownKeys(context)) {
      if (!/^warm_?up/.test(key)) continue
      yield {
        at: { key: path },
        message: `Warm-up is always 10 % of the steps here: remove ${key}.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(document, path) }],
      }
    }
  },
})
