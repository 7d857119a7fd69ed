// The forward of one batch through one block: some tensors are kept for a backward, the others released at once.
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Step } from './module.ts'

export interface Pass {
  readonly step: Step
  /** The step's arena when saving, otherwise a scope that ends with the block. */
  readonly scope: Arena
  /** Whether a backward follows. */
  readonly saves: boolean
  /** Frees a tensor that only a backward would need, unless this pass saves. */
  drop(tensor: Tensor): void
}

function createPass(step: Step, save: boolean): Pass {
  const scope = save ? step.arena : new Arena(step.backend)
  return {
    step,
    scope,
    saves: save,
    drop: save ? () => undefined : (tensor) => scope.release(tensor),
  }
}

/** Frees a tensor: at once where the backward has `saved` instead of it, else as `drop` does. */
export function dropUnless(pass: Pass, tensor: Tensor, saved: Tensor): void {
  if (saved === tensor) pass.drop(tensor)
  else pass.scope.release(tensor)
}

/**
 * One pass with its output [shape] in the step's arena. `body` fills the output and returns what a backward needs of it,
 * which is handed on only when saving: without, it points into a scope that has ended.
 */
export async function runPass<S>(
  step: Step,
  shape: readonly number[],
  save: boolean,
  body: (pass: Pass, output: Tensor) => Promise<S>,
): Promise<{ output: Tensor; saved: S | null }> {
  const pass = createPass(step, save)
  const output = step.arena.allocate(shape)
  try {
    const saved = await body(pass, output)
    return { output, saved: save ? saved : null }
  } finally {
    if (!save) pass.scope.close()
  }
}
