// Rows and columns: sums, gathers, strided copies. Leading dimensions count elements.
import { load1, load4 } from './convert'
import { add, addScaled } from './elementwise'
import { madd, promoteHigh, sumLanes } from './simd'

/** out[j] += Σ_n x[n,j] for columns j, a cache line of columns at a time. */
export function columnSum(start: i32, end: i32, out: usize, x: usize, n: i32, c: i32): void {
  const step: usize = <usize>c << 2
  let j = start
  for (; j + 16 <= end; j += 16) {
    const to = out + (<usize>j << 2)
    let s0 = v128.load(to)
    let s1 = v128.load(to, 16)
    let s2 = v128.load(to, 32)
    let s3 = v128.load(to, 48)
    let from = x + (<usize>j << 2)
    for (let row = 0; row < n; row++) {
      s0 = f32x4.add(v128.load(from), s0)
      s1 = f32x4.add(v128.load(from, 16), s1)
      s2 = f32x4.add(v128.load(from, 32), s2)
      s3 = f32x4.add(v128.load(from, 48), s3)
      from += step
    }
    v128.store(to, s0)
    v128.store(to, s1, 16)
    v128.store(to, s2, 32)
    v128.store(to, s3, 48)
  }
  for (; j < end; j++) {
    const to = out + (<usize>j << 2)
    let from = x + (<usize>j << 2)
    let sum = load<f32>(to)
    for (let row = 0; row < n; row++) {
      sum += load<f32>(from)
      from += step
    }
    store<f32>(to, sum)
  }
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, x))
}

/** Four f32 sums plus two and two f64 ones, rounded once. */
// @ts-ignore: decorator
@inline
function addSums(sums: v128, low: v128, high: v128): v128 {
  const first = f32x4.demote_f64x2_zero(f64x2.add(f64x2.promote_low_f32x4(sums), low))
  const second = f32x4.demote_f64x2_zero(f64x2.add(promoteHigh(sums), high))
  return v128.shuffle<i64>(first, second, 0, 2)
}

/**
 * out[j] += Σ_n x[n,j]² for columns j. Summed in f64, where squares of f32 are exact: pruning compares scores made of these
 * sums, and the rounding of one long f32 sum would change the order of near ties.
 */
export function columnSquares(start: i32, end: i32, out: usize, x: usize, n: i32, c: i32): void {
  const step: usize = <usize>c << 2
  let j = start
  for (; j + 8 <= end; j += 8) {
    const to = out + (<usize>j << 2)
    let s0 = f64x2.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let from = x + (<usize>j << 2)
    for (let row = 0; row < n; row++) {
      const x0 = v128.load(from)
      const x1 = v128.load(from, 16)
      s0 = addSquare(s0, f64x2.promote_low_f32x4(x0))
      s1 = addSquare(s1, promoteHigh(x0))
      s2 = addSquare(s2, f64x2.promote_low_f32x4(x1))
      s3 = addSquare(s3, promoteHigh(x1))
      from += step
    }
    v128.store(to, addSums(v128.load(to), s0, s1))
    v128.store(to, addSums(v128.load(to, 16), s2, s3), 16)
  }
  for (; j < end; j++) {
    const to = out + (<usize>j << 2)
    let from = x + (<usize>j << 2)
    let sum: f64 = load<f32>(to)
    for (let row = 0; row < n; row++) {
      const value: f64 = load<f32>(from)
      sum += value * value
      from += step
    }
    store<f32>(to, <f32>sum)
  }
}

/** out = scale · row of a packed table, whose pairs of columns are 64 words apart (kernels/packing.ts). */
function gatherPacked(out: usize, table: usize, row: i32, scale: f32, c: i32): void {
  let from = table + (<usize>(row >> 6) * <usize>c << 7) + (<usize>(row & 63) << 2)
  for (let j = 0; j < c; j += 2) {
    const pair = load<u32>(from)
    store<f32>(out + (<usize>j << 2), scale * reinterpret<f32>(pair << 16))
    store<f32>(out + (<usize>j << 2) + 4, scale * reinterpret<f32>(pair & 0xffff0000))
    from += 256
  }
}

/** out[m] = scale · table[rows[m]] for m in [start, end). */
export function gatherRows(
  start: i32, end: i32, out: usize, table: usize, code: i32, rows: usize, scale: f32, c: i32,
  first: i32, count: i32,
): void {
  const width = <usize>c * <usize>(code == 0 ? 4 : 2)
  for (let m = start; m < end; m++) {
    const row = load<i32>(rows + (<usize>m << 2)) - first
    if (<u32>row >= <u32>count) continue
    const from = table + <usize>row * width
    const to = out + ((<usize>m * <usize>c) << 2)
    if (code == 3) {
      gatherPacked(to, table, row, scale, c)
      continue
    }
    let j = 0
    for (; j + 4 <= c; j += 4) v128.store(to + (<usize>j << 2), f32x4.mul(f32x4.splat(scale), load4(from, j, code)))
    for (; j < c; j++) store<f32>(to + (<usize>j << 2), scale * load1(from, j, code))
  }
}

/** out[rows[m], j] += rowScale[m] · x[m, j] for columns j in [start, end); rowScale = 0 (none) is 1. */
export function scatterAddRows(
  start: i32, end: i32, out: usize, x: usize, rows: usize, rowScale: usize, m: i32, c: i32,
): void {
  for (let row = 0; row < m; row++) {
    const to = out + ((<usize>load<i32>(rows + (<usize>row << 2)) * <usize>c) << 2)
    const from = x + ((<usize>row * <usize>c) << 2)
    const scale: f32 = rowScale ? load<f32>(rowScale + (<usize>row << 2)) : 1
    addScaled(start, end, to, from, scale)
  }
}

/** Σ a·b over `c` elements. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, c: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = s0
  let j = 0
  for (; j + 8 <= c; j += 8) {
    const at = <usize>j << 2
    s0 = madd(v128.load(a + at), v128.load(b + at), s0)
    s1 = madd(v128.load(a + at, 16), v128.load(b + at, 16), s1)
  }
  let sum = sumLanes(f32x4.add(s0, s1))
  for (; j < c; j++) sum += load<f32>(a + (<usize>j << 2)) * load<f32>(b + (<usize>j << 2))
  return sum
}

export function rowDot(start: i32, end: i32, out: usize, a: usize, b: usize, c: i32): void {
  for (let m = start; m < end; m++) {
    const row = (<usize>m * <usize>c) << 2
    store<f32>(out + (<usize>m << 2), dot(a + row, b + row, c))
  }
}

/** Copies rows of so many bytes; pitches are in bytes, and may be 0 or negative. */
export function copyRows(to: usize, toPitch: i32, from: usize, fromPitch: i32, rows: i32, bytes: i32): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(to, from, bytes)
    to += toPitch
    from += fromPitch
  }
}

/** x[rows, columns] = 0. */
export function zeroColumns(rows: i32, columns: i32, x: usize, ld: i32): void {
  for (let r = 0; r < rows; r++) {
    memory.fill(x, 0, <usize>columns << 2)
    x += <usize>ld << 2
  }
}

/** to[columns, rows] = from[rows, columns]ᵀ; in place on a square, only the part above its diagonal. */
export function mirror(rows: i32, columns: i32, from: usize, ldf: i32, to: usize, ldt: i32): void {
  const stepF: usize = <usize>ldf << 2
  const stepT: usize = <usize>ldt << 2
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < (from == to ? r : columns); c++)
      store<f32>(to + <usize>c * stepT + (<usize>r << 2), load<f32>(from + <usize>r * stepF + (<usize>c << 2)))
}

/** out[n, kv head] = Σ of parts[n, head] over the heads that read it; items are tokens. */
export function sumHeads(
  start: i32, end: i32, out: usize, parts: usize, numHeads: i32, numKvHeads: i32, headDim: i32,
): void {
  const width: usize = <usize>headDim << 2
  for (let n = start; n < end; n++) {
    memory.fill(out + <usize>(n * numKvHeads) * width, 0, <usize>numKvHeads * width)
    for (let head = 0; head < numHeads; head++) {
      const to = out + <usize>(n * numKvHeads + (head * numKvHeads) / numHeads) * width
      add(0, headDim, to, to, parts + <usize>(n * numHeads + head) * width)
    }
  }
}
