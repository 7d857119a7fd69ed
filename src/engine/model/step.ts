// The step of a whole-model pass over one batch.
import type { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Batch } from './batch.ts'
import type { Adapter, Linear, Step } from './module.ts'

export interface PassOptions {
  readonly adapterOf?: (linear: Linear) => Adapter | null
  readonly signal?: AbortSignal
  /** The residual stream: 0 = input of block 0, i = output of block i − 1. Awaited. */
  readonly onHidden?: (index: number, hidden: Tensor) => Promise<void>
}

/** A step over a batch; its mask is on the device. */
export function stepOf(backend: Backend, arena: Arena, batch: Batch, { adapterOf }: PassOptions = {}): Step {
  const { batch: rows, seqLen, mask } = batch
  const keyMask = mask ? arena.allocate([rows, seqLen], 'i32') : null
  if (keyMask && mask) backend.write(keyMask, mask)
  return { backend, arena, batch: rows, seqLen, keyMask, adapterOf }
}
