// How the memory that a run may use is shared out (--memory; default: half of what is free).
import { availableParallelism, totalmem } from 'node:os'
import { bytesPerTrainedParameter } from '../recover/parameterArena.ts'

/** Half of what the machine, or the container, has free now. */
export function defaultMemoryBytes(): number {
  const free = process.availableMemory()
  return Math.floor((free > 0 ? free : totalmem()) / 2)
}

/** What the process needs whatever the model: Node, the worker threads, BLAS buffers, staging. */
function overheadBytes(): number {
  return (150 + 30 * availableParallelism()) * 2 ** 20
}

export interface ModelSizes {
  /** Parameters of the largest block. */
  readonly blockParameters: number
  /** Numbers that train at once, adapters included. */
  readonly trainable: number
  /** Weights that train under an adapter at once: each has an f32 effective weight beside it. */
  readonly adapted: number
}

export interface Budget {
  /** Calibration activations in memory; more go to disk. */
  readonly activationBytes: number
  /** Resident blocks and kept activations of whole-model passes. */
  readonly decoderBytes: number
  /** Effective weights kept between the passes of a step. */
  readonly effectiveWeightBytes: number
}

/** Never less: a budget too small costs speed, not the run. */
const least = 64 * 2 ** 20

/** `limitBytes`: what the device can hold, which may be less than the memory that is allowed. */
export function shareMemory(memoryBytes: number, limitBytes: number, sizes: ModelSizes): Budget {
  const usable = Math.min(memoryBytes - overheadBytes(), 0.9 * limitBytes)
  const rest = usable - bytesPerTrainedParameter * sizes.trainable
  const effective = Math.max(0, Math.min(4 * sizes.adapted, rest / 3))
  return {
    // One block is held in f32, and a second time while it is read or merged.
    activationBytes: Math.max(least, rest - effective - 8 * sizes.blockParameters),
    decoderBytes: Math.max(least, rest - effective),
    effectiveWeightBytes: effective,
  }
}
