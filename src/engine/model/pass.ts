// Passes: the step of a batch, windows a few at a time, and the forward through one block, which keeps some tensors for a backward.
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Adapter, Linear, Step } from './module.ts'
import { type Backend, itemsAtOnce } from '../compute/backend.ts'
import type { Batch } from './batch.ts'
import { breathe } from '../breathe.ts'

/** Options of a pass through the whole model. */
export interface PassOptions {
  readonly adapterOf?: (linear: Linear) => Adapter | null
  readonly signal?: AbortSignal
  /** The residual stream: 0 = input of block 0, i = output of block i − 1. Awaited. */
  readonly onHidden?: (index: number, hidden: Tensor) => Promise<void>
}

/** A step over a batch; its mask is on the device. */
export function stepOf(backend: Backend, arena: Arena, batch: Batch, { adapterOf }: PassOptions = {}): Step {
  const { batch: rows, seqLen, mask } = batch
  const keyMask = mask && arena.upload([rows, seqLen], 'i32', mask)
  return { backend, arena, batch: rows, seqLen, keyMask, adapterOf }
}

/** Approximate number of tokens in a pass without training: enough for full speed, few enough to hold a block's activations. */
const tokensPerPass = 2048

/** Settings of a pass over unpadded windows. */
interface WindowPass extends Pick<Step, 'backend' | 'seqLen' | 'observe' | 'adapterOf'> {
  readonly windows: number
  readonly signal?: AbortSignal
}

/** Runs `body` for all windows, a few at a time; what it puts into the step's arena is released when it returns. */
export async function eachBatch(
  { backend, windows, seqLen, observe, adapterOf, signal }: WindowPass,
  body: (step: Step, start: number, end: number) => Promise<void>,
): Promise<void> {
  const batch = itemsAtOnce(backend, Math.min(windows, Math.floor(tokensPerPass / seqLen)), seqLen)
  for (let start = 0; start < windows; start += batch) {
    await breathe(signal)
    const end = Math.min(start + batch, windows)
    const arena = new Arena(backend)
    try {
      await body({ backend, arena, batch: end - start, seqLen, keyMask: null, observe, adapterOf }, start, end)
    } finally {
      arena.close()
    }
  }
}

/** The forward of one batch through one block: some tensors are kept for a backward, the others are released at once. */
export interface Pass {
  readonly step: Step
  /** The step's arena when saving, else a scope that ends with the block. */
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

/** Frees a tensor: at once where the backward reads `saved` in its place, otherwise as `drop` does. */
export function dropUnless(pass: Pass, tensor: Tensor, saved: Tensor): void {
  if (saved === tensor) pass.drop(tensor)
  else pass.scope.release(tensor)
}

/**
 * One pass with its output [shape] in the step's arena. `body` fills the output and returns the tensors that a backward
 * needs. They are passed on only when saving; otherwise they are released with the scope.
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
