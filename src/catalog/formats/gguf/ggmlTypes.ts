// Element types of GGUF, as ggml numbers them, with the elements and the bytes of a block.
import type { SafetensorsDtype } from '../dtypes.ts'

export interface GgmlType {
  readonly id: number
  readonly name: string
  /** Elements that are stored together, along the inputs. */
  readonly block: number
  /** Bytes of a block. */
  readonly bytes: number
  /** The type of safetensors with the same bytes; null for quantised ones. */
  readonly plain: SafetensorsDtype | null
}

const table: readonly [id: number, name: string, block: number, bytes: number, plain?: SafetensorsDtype][] = [
  [0, 'F32', 1, 4, 'F32'],
  [1, 'F16', 1, 2, 'F16'],
  [2, 'Q4_0', 32, 18],
  [3, 'Q4_1', 32, 20],
  [6, 'Q5_0', 32, 22],
  [7, 'Q5_1', 32, 24],
  [8, 'Q8_0', 32, 34],
  [9, 'Q8_1', 32, 36],
  [10, 'Q2_K', 256, 84],
  [11, 'Q3_K', 256, 110],
  [12, 'Q4_K', 256, 144],
  [13, 'Q5_K', 256, 176],
  [14, 'Q6_K', 256, 210],
  [15, 'Q8_K', 256, 292],
  [16, 'IQ2_XXS', 256, 66],
  [17, 'IQ2_XS', 256, 74],
  [18, 'IQ3_XXS', 256, 98],
  [19, 'IQ1_S', 256, 50],
  [20, 'IQ4_NL', 32, 18],
  [21, 'IQ3_S', 256, 110],
  [22, 'IQ2_S', 256, 82],
  [23, 'IQ4_XS', 256, 136],
  [24, 'I8', 1, 1, 'I8'],
  [25, 'I16', 1, 2, 'I16'],
  [26, 'I32', 1, 4, 'I32'],
  [27, 'I64', 1, 8, 'I64'],
  [28, 'F64', 1, 8, 'F64'],
  [29, 'IQ1_M', 256, 56],
  [30, 'BF16', 1, 2, 'BF16'],
  [34, 'TQ1_0', 256, 54],
  [35, 'TQ2_0', 256, 66],
  [39, 'MXFP4', 32, 17],
]

const types = new Map(
  table.map(([id, name, block, bytes, plain]): [number, GgmlType] => [
    id,
    { id, name, block, bytes, plain: plain ?? null },
  ]),
)

/** null for a type number that is not in the table. */
export function ggmlType(id: number): GgmlType | null {
  return types.get(id) ?? null
}

/** Types of blocks whose numbers can be read (engine/checkpoint/gguf/readGgufFile.ts). */
export const widenedTypes = ['Q8_0', 'Q4_0', 'Q4_K', 'Q5_K', 'Q6_K'] as const

export type WidenedType = (typeof widenedTypes)[number]

/** A type of blocks whose numbers cannot be read. */
export function isUnreadBlock(name: string): boolean {
  return !isWidened(name) && table.some(([, known, block]) => known === name && block > 1)
}

export function isWidened(name: string): name is WidenedType {
  return widenedTypes.some((known) => known === name)
}

/** Types that the matrices of a written GGUF file can have, by the names of the command line. */
export const ggufTypes = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const

export type GgufTypeName = keyof typeof ggufTypes

export type OutputType = (typeof ggufTypes)[GgufTypeName]

export const ggufTypeNames = Object.keys(ggufTypes) as readonly GgufTypeName[]

/** Bytes of a checkpoint's GGUF file for each type of its matrices. `own`: the type in which the checkpoint stores its weights. */
export interface GgufSizes {
  readonly own: GgufTypeName
  readonly sizes: readonly { readonly type: GgufTypeName; readonly bytes: number }[]
}
