// What a recipe may say of the precision of products.

export const precisions = ['auto', 'f32', 'bf16'] as const

/** auto: bf16 where the device multiplies it faster and the checkpoint stores 16 bits, else f32. */
export type PrecisionChoice = (typeof precisions)[number]

export const defaultPrecision = 'auto' satisfies PrecisionChoice
