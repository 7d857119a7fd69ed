// Numbers of the detail pane: zeros along rows, columns and heads, weights near zero, and groups that break the pattern.
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { alongColumns, alongRows, requireNm } from '../engine/checkpoint/stats/nmCounter.ts'
import type { HeadSpans } from '../catalog/families/attentionHeads.ts'
import { isKept, keptShare } from '../catalog/formats/sparsity.ts'
import { sum } from '../formatting/lists.ts'
import type { TensorDetail, TensorStats } from '../protocol/inspect.ts'
import { matrixOf, readStrips } from './matrix.ts'

const mostBins = 512
const mostGroups = 100

interface DetailOptions {
  readonly slice: readonly number[]
  /** Weights with |w| at most this are counted; 0: none are, because `stats` has the exact zeros. */
  readonly threshold: number
  /** Statistics of the whole tensor. All other numbers are of the slice. */
  readonly stats: TensorStats
  /** Stored as [in, out]. */
  readonly transposed: boolean
  readonly heads: HeadSpans | null
}

export async function readDetail(
  checkpoint: Checkpoint,
  name: string,
  { slice, threshold, stats, transposed, heads }: DetailOptions,
  signal: AbortSignal,
): Promise<TensorDetail> {
  const matrix = matrixOf(checkpoint, name, slice)
  const { rows, columns } = matrix
  const rowZeros = new Float64Array(rows)
  const columnZeros = new Float64Array(columns)
  let near = 0
  const groups: { row: number; column: number }[] = []
  const pattern = nearestPattern(stats)
  const add = (row: number, column: number) => {
    if (groups.length < mostGroups) groups.push({ row, column })
  }
  const counter = pattern === null ? null : (transposed ? alongColumns : alongRows)(requireNm(pattern), columns, add)
  for await (const { firstRow, rows: count, zeros, values } of readStrips(checkpoint, matrix, 0, rows, signal)) {
    for (let r = 0; r < count; r++)
      for (let c = 0; c < columns; c++) {
        const zero = zeros[r * columns + c]
        rowZeros[firstRow + r] += zero
        columnZeros[c] += zero
      }
    counter?.addRows(zeros, count)
    if (threshold > 0) near += countNear(values(), threshold)
  }
  const [along, each] = heads?.along === 'columns' ? [columnZeros, rows] : [rowZeros, columns]
  return {
    name,
    rows,
    columns,
    rowSparsity: inBins(rowZeros, columns),
    columnSparsity: inBins(columnZeros, rows),
    zeroRows: rowZeros.filter((zeros) => zeros === columns).length,
    zeroColumns: columnZeros.filter((zeros) => zeros === rows).length,
    heads:
      heads?.spans.map(({ label, start, end }) => ({
        label,
        sparsity: sum(along.subarray(start, end)) / Math.max(1, (end - start) * each),
      })) ?? null,
    near: threshold > 0 ? { threshold, count: near } : null,
    stats,
    violations: pattern ? { pattern, groups } : null,
  }
}

/** The pattern that most groups obey; null where hardly any group does. */
function nearestPattern(stats: TensorStats): string | null {
  const found = Object.entries(stats.nm).filter(([, validity]) => isKept(validity))
  found.sort(([, a], [, b]) => keptShare(b) - keptShare(a))
  return found.at(0)?.[0] ?? null
}

function countNear(values: ArrayLike<number>, threshold: number): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) <= threshold) count++
  return count
}

/** Sparsity of neighbouring rows (or columns) of `each` weights, in at most 512 bins. */
function inBins(zeros: Float64Array, each: number): number[] {
  const bins = Math.max(1, Math.min(mostBins, zeros.length))
  return Array.from({ length: bins }, (_, bin) => {
    const [start, end] = [bin, bin + 1].map((edge) => Math.floor((edge * zeros.length) / bins))
    return sum(zeros.subarray(start, end)) / Math.max(1, (end - start) * each)
  })
}
