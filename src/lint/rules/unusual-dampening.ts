import { isMethodName, methodOf } from '../../catalog/methods/methods.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'M4',
  severity: 'warning',
  voice: 'explains',
  title: 'Unusual dampening',
  why: 'SparseGPT adds this share of the mean diagonal to the Hessian. At 0 the factorisation often fails (llm-compressor#1069); above 0.1 the Hessian hardly depends on the inputs. The paper uses 0.01.',
  bad: 'prune: [{method: sparsegpt, dampening: 0}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, get }) {
    const prune = get(['prune'])
    if (!Array.isArray(prune)) return
    for (const i of prune.keys()) {
      const path = ['prune', i, 'dampening']
      const value = get(path)
      const method = get(['prune', i, 'method'])
      const usual = isMethodName(method) ? methodOf(method).keys.dampening : undefined
      if (usual === undefined || typeof value !== 'number') continue
      // Above ten times the usual share, dampening hides the statistics of the inputs.
      if (value > 0 && value <= 10 * usual) continue
      yield {
        at: path,
        severity: value < 0 ? 'error' : 'warning',
        message: `dampening ${value} is ${value > 0 ? 'large' : 'too small'}: the usual share is ${usual}.`,
        fixes: [fix.write(path, usual)],
      }
    }
  },
}
