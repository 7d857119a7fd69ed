// One trip of one batch through one block, forward: what is kept for a backward, what goes at once.
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Step } from './module.ts'

export interface Pass {
  readonly step: Step
  /** Saving: the step's arena. Otherwise a scope that ends with the block. */
  readonly scope: Arena
  /** Frees a tensor that only a backward would need, unless this pass saves. */
  drop(tensor: Tensor): void
}

export function createPass(step: Step, save: boolean): Pass {
  const scope = save ? step.arena : new Arena(step.backend)
  return {
    step,
    scope,
    drop: save ? () => undefined : (tensor) => scope.release(tensor),
  }
}
