import { needsHessian } from '../../methods/methods.ts'
import { replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

const few = 32

export const m3 = defineRule({
  id: 'M3',
  severity: 'warning',
  title: 'Few calibration samples',
  why: "With few samples statistics are noisy, and SparseGPT's Hessian, which needs at least as many tokens as a layer has inputs, cannot be inverted (llm-compressor#142). The papers use 128.",
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 8, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 128, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    const { document, resolved, has } = context
    const { calibration } = resolved
    if (!calibration) return
    const tokens = calibration.samples * calibration.seq_len
    const short = resolved.prune
      .filter(({ method }) => needsHessian(method))
      .flatMap((s) => context.prunedBy(s))
      .find((m) => m.columns > tokens)
    if (!short && calibration.samples >= few) return
    const path = ['calibration', 'samples']
    yield {
      at: has(path) ? path : { key: ['calibration'] },
      severity: short ? 'error' : 'warning',
      message: short
        ? `SparseGPT needs more tokens than a layer has inputs: ${tokens} for the ${short.columns} of ${short.name}. Use 128 samples.`
        : `${calibration.samples} samples give noisy statistics: the papers use 128.`,
      fixes: has(path) ? [{ title: 'Write 128', edits: replaceValue(document, path, '128') }] : [],
    }
  },
})
