// Types that the matrices of a GGUF file which we write can have, by the names of the command line.

export const ggufTypes = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const

export type GgufTypeName = keyof typeof ggufTypes

export type OutputType = (typeof ggufTypes)[GgufTypeName]

export const ggufTypeNames = Object.keys(ggufTypes) as readonly GgufTypeName[]

/** What a checkpoint would take as a GGUF file; `own`: as the checkpoint stores its weights. */
export interface GgufSizes {
  readonly own: GgufTypeName
  readonly sizes: readonly { readonly type: GgufTypeName; readonly bytes: number }[]
}
