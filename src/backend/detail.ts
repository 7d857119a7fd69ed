// What the detail pane shows besides the picture: zeros along rows and columns, and groups that break the pattern.
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { alongColumns, alongRows, parseNm } from '../engine/checkpoint/stats/nmCounter.ts'
import type { TensorDetail, TensorStats } from '../shared/protocol/inspect.ts'
import { matrixOf, readStrips } from './matrix.ts'

const mostBins = 512
const mostGroups = 100

/** `stats` are those of the whole tensor; the rest is of the slice. `transposed`: stored as [in, out]. */
export async function readDetail(
  checkpoint: Checkpoint,
  name: string,
  slice: readonly number[],
  stats: TensorStats,
  transposed: boolean,
  signal: AbortSignal,
): Promise<TensorDetail> {
  const matrix = matrixOf(checkpoint, name, slice)
  const { rows, columns } = matrix
  const rowBins = createBins(rows, columns)
  const columnBins = createBins(columns, rows)
  const groups: { row: number; column: number }[] = []
  const pattern = nearestPattern(stats)
  const add = (row: number, column: number) => {
    if (groups.length < mostGroups) groups.push({ row, column })
  }
  const counter = pattern === null ? null : (transposed ? alongColumns : alongRows)(parseNm(pattern), columns, add)
  for await (const { firstRow, rows: count, zeros } of readStrips(checkpoint, matrix, 0, rows, signal)) {
    for (let r = 0; r < count; r++) {
      const offset = r * columns
      let inRow = 0
      for (let c = 0; c < columns; c++) {
        inRow += zeros[offset + c]
        columnBins.add(c, zeros[offset + c])
      }
      rowBins.add(firstRow + r, inRow)
    }
    counter?.addRows(zeros, count)
  }
  return {
    name,
    rows,
    columns,
    rowSparsity: rowBins.sparsity(),
    columnSparsity: columnBins.sparsity(),
    stats,
    violations: pattern ? { pattern, groups } : null,
  }
}

/** The pattern that the fewest groups break: what the matrix was meant to be, if anything. */
function nearestPattern(stats: TensorStats): string | null {
  const found = Object.entries(stats.nm).filter(([, { groups }]) => groups > 0)
  found.sort(([, a], [, b]) => a.violations / a.groups - b.violations / b.groups)
  return found.at(0)?.[0] ?? null
}

/** `length` counters in at most 512 bins, each over `each` weights. */
function createBins(length: number, each: number): { add(index: number, zeros: number): void; sparsity(): number[] } {
  const bins = Math.max(1, Math.min(mostBins, length))
  const zeros = new Float64Array(bins)
  return {
    add(index, count) {
      zeros[Math.floor((index * bins) / length)] += count
    },
    sparsity: () =>
      Array.from(zeros, (count, bin) => {
        const members = Math.ceil(((bin + 1) * length) / bins) - Math.ceil((bin * length) / bins)
        return count / Math.max(1, members * each)
      }),
  }
}
