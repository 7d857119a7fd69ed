// The `sparse-bitmask` and `sparse-24-bitmask` layouts of compressed-tensors 0.14: names and sizes of the tensors that store a pruned
// linear's weight [R, C], and the entry of config.json. Such checkpoints are read, never written.
import type { SafetensorsDtype } from './dtypes.ts'
import { isRecord } from './json.ts'

/** Suffixes of module M's tensors, M.compressed and so on, in the order in which they are written. */
export const bitmaskParts = ['compressed', 'bitmask', 'shape', 'row_offsets'] as const
export type BitmaskPart = (typeof bitmaskParts)[number]

/** Bytes of a row of bits: bit c % 8 of byte c >> 3 is column c, 1 = kept. */
export function bitmaskRowBytes(columns: number): number {
  return Math.ceil(columns / 8)
}

const bitsOfByte = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)

/** Number of ones in a row of bits. */
export function countBits(row: Uint8Array): number {
  let count = 0
  for (const byte of row) count += bitsOfByte[byte]
  return count
}

/** Types and shapes of the parts. */
export function bitmaskSpecs(
  dtype: SafetensorsDtype,
  rows: number,
  columns: number,
  kept: number,
): Readonly<Record<BitmaskPart, { dtype: SafetensorsDtype; shape: readonly number[] }>> {
  return {
    compressed: { dtype, shape: [kept] },
    bitmask: { dtype: 'U8', shape: [rows, bitmaskRowBytes(columns)] },
    shape: { dtype: 'I64', shape: [2] },
    row_offsets: { dtype: 'I64', shape: [rows] },
  }
}

const formats: readonly unknown[] = ['sparse-bitmask', 'sparse-24-bitmask']

/** Whether a `quantization_config` declares bitmasks only: the weights are not quantised, only their storage differs. */
export function isBitmaskConfig(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { quant_method: method, format, sparsity_config: sparsity, config_groups: groups } = value
  const isDense = (format === undefined || format === 'dense') && !hasMembers(groups)
  return method === 'compressed-tensors' && isDense && isRecord(sparsity) && formats.includes(sparsity.format)
}

function hasMembers(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length > 0
}
