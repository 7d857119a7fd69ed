// 16-bit floats that lie row after row: their values and their groups of 4 and of 8 in one pass, without a look at rows.
import type { NmPattern } from '../../../catalog/formats/sparsity.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { bytePieces, type Buffers } from './bytePieces.ts'
import { fewElements } from './countTable.ts'
import { elementFormat } from './elementFormat.ts'
import { halfCounter, type GroupZeros, type HalfCounts } from './halfCounter.ts'
import { matrixOf, type PieceOptions } from './rowPieces.ts'

export interface HalvesOptions extends PieceOptions {
  readonly onBytes?: (bytes: number) => void
}

const elementBytes = 2

/** The zeros to count in the groups; null where this pass cannot tell of the patterns, or is not worth its tables. */
export function groupZeros(entry: TensorEntry, patterns: readonly NmPattern[], transposed = false): GroupZeros | null {
  const format = elementFormat(entry.dtype)
  const isHalf = format?.bytes === elementBytes && format.zeroMask === 0x7fff
  if (!isHalf || entry.strides || entry.bytes <= elementBytes * fewElements) return null
  if (transposed && patterns.length > 0) return null
  const zerosIn = (size: number) => patterns.filter(({ m }) => m === size).map(({ n }) => n)
  const [fours, eights] = [zerosIn(4), zerosIn(8)]
  if (fours.length > 1 || eights.length > 1 || fours.length + eights.length < patterns.length) return null
  return { in4: fours[0] ?? 0, in8: eights[0] ?? 0 }
}

/** @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
export async function countHalves(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  zeros: GroupZeros,
  { range, signal, pieceBytes = Infinity, onBytes }: HalvesOptions,
): Promise<HalfCounts> {
  const { rows, columns } = matrixOf(entry)
  const { first, end } = range ?? { first: 0, end: rows }
  const rowBytes = columns * elementBytes
  const counter = halfCounter()
  // Every piece begins with a group of 8.
  const step = Math.min(counter.buffers[0].length, Math.max(16, Math.floor(pieceBytes / 16) * 16))
  const [one, other] = counter.buffers
  const buffers: Buffers = [one.subarray(0, step), other.subarray(0, step)]
  const bytesOfRange = { start: first * rowBytes, end: end * rowBytes }
  for await (const { turn, bytes } of bytePieces(checkpoint, entry.name, bytesOfRange, buffers, signal)) {
    counter.count(turn, bytes / elementBytes, zeros)
    onBytes?.(bytes)
  }
  return counter.take()
}
