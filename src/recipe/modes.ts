// Ways of recovering, as `mode` names them.

export const modes = ['retrain', 'reconstruct', 'refit', 'merge'] as const
export type RecoverMode = (typeof modes)[number]

/** Whether an optimiser changes the weights; else they are solved for, or merged. */
export function isTraining(mode: RecoverMode): boolean {
  return mode === 'retrain' || mode === 'reconstruct'
}

/** Whether a recovery goes over the blocks, and shares that pass with pruning. */
export function isBlockwise({ mode = 'reconstruct' }: { readonly mode?: string }): boolean {
  return mode === 'reconstruct' || mode === 'refit'
}

// Values of a recipe's `precision`, which is that of matrix products.

export const precisions = ['auto', 'f32', 'bf16'] as const

/** auto: bf16 where the device multiplies it faster and the checkpoint stores 16 bits, else f32. */
export type PrecisionChoice = (typeof precisions)[number]

export const defaultPrecision = 'auto' satisfies PrecisionChoice
