// How the memory that a run may use is shared out (--memory; default: half of what is free).
import { availableParallelism, totalmem } from 'node:os'
import { bytesPerTrainedParameter } from '../recover/parameterArena.ts'

/** Half of what the machine, or the container, has free now. */
export function defaultMemoryBytes(): number {
  const free = process.availableMemory()
  return Math.floor((free > 0 ? free : totalmem()) / 2)
}

/** What the process needs whatever the model: Node, the worker threads, BLAS buffers, staging. */
export function overheadBytes(): number {
  return (150 + 30 * availableParallelism()) * 2 ** 20
}

export interface ModelSizes {
  /** Parameters of the largest block. */
  readonly blockParameters: number
  /** Parameters that train, adapters included, in all or in the largest block. */
  readonly trainable: number
  /** Weights under adapters, in all or in the largest block: each has an f32 effective weight beside it. */
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

/** Never less than one block and a few activations: a budget too small costs speed, not the run. */
const least = 64 * 2 ** 20

export function shareMemory(memoryBytes: number, sizes: ModelSizes): Budget {
  const rest = memoryBytes - overheadBytes() - bytesPerTrainedParameter * sizes.trainable
  // Reconstruction holds the block once in f32 and once as effective weights.
  const besideBlock = rest - 4 * sizes.blockParameters - 4 * Math.min(sizes.adapted, sizes.blockParameters)
  const effectiveWeightBytes = Math.max(
    4 * Math.min(sizes.adapted, sizes.blockParameters),
    Math.min(4 * sizes.adapted, rest / 3),
  )
  return {
    activationBytes: Math.max(least, besideBlock),
    decoderBytes: Math.max(least, rest - effectiveWeightBytes),
    effectiveWeightBytes: Math.max(0, effectiveWeightBytes),
  }
}
