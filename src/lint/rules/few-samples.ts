import { methodOf, needsHessian, type MethodName } from '../../catalog/methods/methods.ts'
import type { ModelModule } from '../../recipe/facts.ts'
import { swapsWeights } from '../../recipe/resolve.ts'
import type { RuleFile } from '../rule.ts'

const few = 32

interface Widest {
  readonly module: ModelModule
  readonly method: MethodName
}

export const rule: RuleFile = {
  id: 'M3',
  severity: 'warning',
  title: 'Few calibration samples',
  why: "With few samples statistics are noisy, and SparseGPT's Hessian, which needs at least as many tokens as a linear has inputs, cannot be inverted (llm-compressor#142). The papers use 128.",
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 8, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 128, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    const { fix, resolved, has } = context
    const { calibration } = resolved
    if (!calibration) return
    const tokens = calibration.samples * calibration.seq_len
    const widest = resolved.prune
      .filter((step) => needsHessian(step.method) || swapsWeights(step))
      .flatMap((step) => context.prunedBy(step).map((module) => ({ module, method: step.method })))
      .reduce<Widest | null>((most, one) => (most && most.module.columns >= one.module.columns ? most : one), null)
    const short = widest && widest.module.columns > tokens ? widest : null
    if (!short && calibration.samples >= few) return
    const enough = Math.max(128, Math.ceil((short?.module.columns ?? 0) / calibration.seq_len))
    const path = ['calibration', 'samples']
    yield {
      at: has(path) ? path : { key: ['calibration'] },
      // The other methods dampen and iterate: with fewer tokens than inputs their result is worse, but not impossible.
      severity: short && methodOf(short.method).inverts ? 'error' : 'warning',
      message: short
        ? `${short.method} sees fewer tokens than ${short.module.name} has inputs: ${tokens} for ${short.module.columns}. ${needsHessian(short.method) ? 'Without the dampening its Hessian is singular.' : 'Swaps then find masks whose errors this text does not show.'} Use ${enough} samples.`
        : `${calibration.samples} samples give noisy statistics: the papers use 128.`,
      fixes: [fix.write(path, enough)],
    }
  },
}
