// Weights, masks and adapters: what happens to a matrix [O, I] besides products.
import { load1, load4 } from './convert'
import { loadEnd, madd, storeEnd, sumLanes } from './simd'

/** All ones where bit k of `bits` is set, lane by lane. */
// @ts-ignore: decorator
@inline
function keptLanes(bits: u32): v128 {
  const weights = i32x4(1, 2, 4, 8)
  return i32x4.eq(v128.and(i32x4.splat(bits), weights), weights)
}

/** x ⊙ mask for rows [start, end) of `columns` elements of `bytes` bytes (4 or 2): what is not kept becomes +0. */
export function maskRows(start: i32, end: i32, x: usize, mask: usize, columns: i32, bytes: i32): void {
  const words: usize = <usize>((columns + 31) >> 5) << 2
  for (let r = start; r < end; r++) {
    const row = x + <usize>r * <usize>columns * <usize>bytes
    const bits = mask + <usize>r * words
    if (bytes == 4) maskFloats(row, bits, columns)
    else maskHalves(row, bits, columns)
  }
}

function maskFloats(x: usize, mask: usize, columns: i32): void {
  let j = 0
  for (; j + 4 <= columns; j += 4) {
    const at = x + (<usize>j << 2)
    const bits = load<u32>(mask + (<usize>(j >> 5) << 2)) >> (j & 31)
    v128.store(at, v128.and(v128.load(at), keptLanes(bits)))
  }
  for (; j < columns; j++)
    if (((load<u32>(mask + (<usize>(j >> 5) << 2)) >> (j & 31)) & 1) == 0) store<f32>(x + (<usize>j << 2), 0)
}

function maskHalves(x: usize, mask: usize, columns: i32): void {
  for (let j = 0; j < columns; j++)
    if (((load<u32>(mask + (<usize>(j >> 5) << 2)) >> (j & 31)) & 1) == 0) store<u16>(x + (<usize>j << 1), 0)
}

/** out += weight (of any float type). */
export function addWeight(count: i32, out: usize, weight: usize, code: i32): void {
  let j = 0
  for (; j + 4 <= count; j += 4) {
    const at = out + (<usize>j << 2)
    v128.store(at, f32x4.add(v128.load(at), load4(weight, j, code)))
  }
  for (; j < count; j++) {
    const at = out + (<usize>j << 2)
    store<f32>(at, load<f32>(at) + load1(weight, j, code))
  }
}

/** out[o, j] = factor · row[o] · column[j] · weight[o, j] for rows [start, end). */
export function scaleWeight(
  start: i32, end: i32, out: usize, weight: usize, code: i32, row: usize, column: usize, factor: f32, i: i32,
): void {
  for (let o = start; o < end; o++) {
    const scale = factor * load<f32>(row + (<usize>o << 2))
    const base = o * i
    let j = 0
    for (; j + 4 <= i; j += 4) {
      const c = f32x4.mul(f32x4.splat(scale), v128.load(column + (<usize>j << 2)))
      v128.store(out + (<usize>(base + j) << 2), f32x4.mul(c, load4(weight, base + j, code)))
    }
    for (; j < i; j++)
      store<f32>(
        out + (<usize>(base + j) << 2),
        scale * load<f32>(column + (<usize>j << 2)) * load1(weight, base + j, code),
      )
  }
}

/**
 * One group of rows of scaleBackward: G = g ⊙ weight (f32), dRow[o] += factor · Σ_j G·column[j],
 * dColumn[j] += factor · Σ_o G·row[o].
 */
export function scaleGradient(
  rows: i32, i: i32, g: usize, weight: usize, row: usize, column: usize, factor: f32, dRow: usize, dColumn: usize,
): void {
  for (let o = 0; o < rows; o++) {
    const scale = factor * load<f32>(row + (<usize>o << 2))
    const scales = f32x4.splat(scale)
    let sums = f32x4.splat(0)
    let j = 0
    for (; j + 4 <= i; j += 4) {
      const at = <usize>j << 2
      const d = f32x4.mul(v128.load(g + at), v128.load(weight + at))
      sums = madd(d, v128.load(column + at), sums)
      v128.store(dColumn + at, madd(scales, d, v128.load(dColumn + at)))
    }
    const rest = i - j
    if (rest > 0) {
      const at = <usize>j << 2
      const d = f32x4.mul(loadEnd(g + at, rest), loadEnd(weight + at, rest))
      sums = madd(d, loadEnd(column + at, rest), sums)
      storeEnd(dColumn + at, madd(scales, d, loadEnd(dColumn + at, rest)), rest)
    }
    const to = dRow + (<usize>o << 2)
    store<f32>(to, load<f32>(to) + factor * sumLanes(sums))
    g += <usize>i << 2
    weight += <usize>i << 2
  }
}

/** x[rows, columns] of words becomes [columns, rows]; both are multiples of 4. `scratch` has room for the matrix. */
export function turnWords(rows: i32, columns: i32, x: usize, scratch: usize): void {
  const from: usize = <usize>columns << 2
  const to: usize = <usize>rows << 2
  for (let r = 0; r < rows; r += 4)
    for (let c = 0; c < columns; c += 4) {
      const at = x + <usize>r * from + (<usize>c << 2)
      const a = v128.load(at)
      const b = v128.load(at + from)
      const d = v128.load(at + 2 * from)
      const e = v128.load(at + 3 * from)
      const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
      const de0 = v128.shuffle<i32>(d, e, 0, 4, 1, 5)
      const de2 = v128.shuffle<i32>(d, e, 2, 6, 3, 7)
      const put = scratch + <usize>c * to + (<usize>r << 2)
      v128.store(put, v128.shuffle<i64>(ab0, de0, 0, 2))
      v128.store(put + to, v128.shuffle<i64>(ab0, de0, 1, 3))
      v128.store(put + 2 * to, v128.shuffle<i64>(ab2, de2, 0, 2))
      v128.store(put + 3 * to, v128.shuffle<i64>(ab2, de2, 1, 3))
    }
  memory.copy(x, scratch, <usize>rows * from)
}
