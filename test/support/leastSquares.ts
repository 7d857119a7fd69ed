// Least squares on a mask in f64, for comparison: the normal equations of every row by Gaussian elimination.

/**
 * w of each row, 0 where `kept` is 0, that makes ‖X(w − dense)‖² least; with `dampening` · mean diagonal on the Gram matrix.
 * x is [tokens, columns], dense and kept are [rows, columns].
 */
export function leastSquaresOnMask(
  x: ArrayLike<number>,
  dense: ArrayLike<number>,
  kept: ArrayLike<number>,
  { columns, dampening }: { columns: number; dampening: number },
): Float64Array {
  const gram = Array.from({ length: columns }, () => new Float64Array(columns))
  for (let t = 0; t < x.length / columns; t++)
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) gram[i][j] += x[t * columns + i] * x[t * columns + j]
  const damping = (dampening * gram.reduce((sum, row, i) => sum + row[i], 0)) / columns
  gram.forEach((row, i) => (row[i] += damping))
  const out = new Float64Array(dense.length)
  for (let start = 0; start < dense.length; start += columns) {
    const support = Array.from({ length: columns }, (_, j) => j).filter((j) => kept[start + j])
    const target = gram.map((row) => row.reduce((sum, g, j) => sum + g * dense[start + j], 0))
    const solved = solve(
      support.map((i) => support.map((j) => gram[i][j])),
      support.map((i) => target[i]),
    )
    support.forEach((j, i) => (out[start + j] = solved[i]))
  }
  return out
}

/** Gaussian elimination with pivots; both are changed. */
function solve(a: number[][], b: number[]): number[] {
  const n = b.length
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) pivot = i
    ;[a[k], a[pivot]] = [a[pivot], a[k]]
    ;[b[k], b[pivot]] = [b[pivot], b[k]]
    for (let i = k + 1; i < n; i++) {
      const factor = a[i][k] / a[k][k]
      for (let j = k; j < n; j++) a[i][j] -= factor * a[k][j]
      b[i] -= factor * b[k]
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= a[k][j] * b[j]
    b[k] /= a[k][k]
  }
  return b
}
