// A loss diverges when it is further above its start than noise between batches explains (docs/methods.md, "Divergence").

import { EngineError } from '../errors.ts'

/** The error of a training that diverges after its first update. A lower learning rate may help. */
export class Diverged extends EngineError {
  constructor(message: string) {
    super('numeric', message)
  }
}

export interface LossGuard {
  /** Adds a step's loss. Returns the limit that this loss, or the mean of the last steps, exceeds; else null. */
  passed(loss: number): number | null
}

/** Number of steps whose mean is compared, since single batches differ. */
const recent = 20
const begin = 10

/**
 * The guard of retraining. A loss diverges if it exceeds twice the larger of the first loss and ln V, the loss of guessing all V tokens
 * alike, or if the mean of 20 steps exceeds twice the mean of the first 10, which squares the perplexity. A resumed run gives the
 * losses that `rememberLoss` kept, and is judged as if it had never stopped.
 */
export function retrainGuard(vocabSize: number, remembered: readonly number[] = []): LossGuard {
  const first: number[] = []
  const guard = createGuard({
    single: () => 2 * Math.max(first[0] ?? 0, Math.log(vocabSize)),
    mean: (loss) => {
      if (first.length < begin) first.push(loss)
      return first.length < begin ? Infinity : 2 * meanOf(first)
    },
  })
  for (const loss of remembered) guard.passed(loss)
  return guard
}

/**
 * The guard of reconstruction. The base of a step is the error of its windows `before` training, at least a millionth of the targets' mean
 * square: in a block with massive activations, one window may have hundreds of times the error of the others. A loss diverges if it
 * exceeds a hundred times its base and the mean square, or if the mean of 20 steps exceeds four times the mean of their bases.
 */
export function reconstructGuard(before: (step: number) => number, targetMeanSquare: number): LossGuard {
  const bases: number[] = []
  let step = 0
  return createGuard({
    mean: () => {
      bases.push(Math.max(before(step++), 1e-6 * targetMeanSquare))
      if (bases.length > recent) bases.shift()
      return 4 * meanOf(bases)
    },
    single: () => Math.max(100 * bases[bases.length - 1], targetMeanSquare),
  })
}

/** Adds a loss to a list, which keeps only the first and last losses that `retrainGuard` compares. */
export function rememberLoss(losses: number[], loss: number): void {
  losses.push(loss)
  if (losses.length > begin + recent) losses.splice(begin, 1)
}

/** A guard with two limits. For each loss, `mean` is called once, before `single`. */
function createGuard(limits: { single: () => number; mean: (loss: number) => number }): LossGuard {
  const last: number[] = []
  return {
    passed(loss) {
      const meanLimit = limits.mean(loss)
      last.push(loss)
      if (last.length > recent) last.shift()
      if (loss > limits.single()) return limits.single()
      return last.length === recent && meanOf(last) > meanLimit ? meanLimit : null
    },
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
