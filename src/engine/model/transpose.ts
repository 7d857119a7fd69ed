// Transposition on the host, in tiles that stay in the cache.

const tile = 32

/** [columns, rows] out of [rows, columns]. */
export function transpose<A extends Float32Array | Uint16Array>(data: A, rows: number, columns: number): A {
  const out = new (data.constructor as new (length: number) => A)(data.length)
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(top + tile, rows)
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(left + tile, columns)
      for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) out[c * rows + r] = data[r * columns + c]
    }
  }
  return out
}
