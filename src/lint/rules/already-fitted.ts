import { methodOf } from '../../catalog/methods/methods.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R13',
  severity: 'hint',
  title: 'Fitting what the method has fitted',
  why: '`refit` solves for the weights that a mask keeps. ALPS ends with the same least squares, so a refit after it takes time and gains nothing. SmolLM2-135M has a perplexity of 64.79 after ALPS at 50 % and of 107.58 at 2:4; after a refit, 65.03 and 108.80. After ADMM it gains little (67.05 and 117.05, refitted 67.00 and 114.42), after magnitude, Wanda and SparseGPT it gains much.',
  bad: 'prune: [{method: alps, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, resolved: { prune } }) {
    const methods = prune.map(({ method }) => method)
    if (methods.length === 0 || !methods.every((method) => methodOf(method).fits)) return
    for (const { path, resolved } of recoveries) {
      if (resolved.mode !== 'refit') continue
      const mode = [...path, 'mode']
      yield {
        at: mode,
        from: [mode, ...prune.map((_, i) => ['prune', i, 'method'])],
        message: `${methodOf(methods[0]).title} has already fitted the kept weights, so refit gains nothing here: use reconstruct or retrain.`,
      }
    }
  },
}
