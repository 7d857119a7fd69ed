// Layer norm, RMS norm and rotary positions. Items are rows of `c` elements; `weight` and `bias` may be 0 (none).
import { F32, storeBf16End } from './convert'
import { loadEnd, loadSome, madd, storeEnd, storeSome, sumLanes } from './simd'

/** Σ x over a row. */
function rowSum(x: usize, c: i32): f32 {
  let sum = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= c; i += 4) sum = f32x4.add(sum, v128.load(x + (<usize>i << 2)))
  let total = sumLanes(sum)
  for (; i < c; i++) total += load<f32>(x + (<usize>i << 2))
  return total
}

/** Σ (x − center)² over a row. */
function rowSquares(x: usize, c: i32, center: f32): f32 {
  let sum = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= c; i += 4) {
    const d = f32x4.sub(v128.load(x + (<usize>i << 2)), f32x4.splat(center))
    sum = madd(d, d, sum)
  }
  let total = sumLanes(sum)
  for (; i < c; i++) {
    const d = load<f32>(x + (<usize>i << 2)) - center
    total += d * d
  }
  return total
}

// @ts-ignore: decorator
@inline
function affine(x: v128, w: v128, offset: v128, b: v128, mean: v128, rstd: v128): v128 {
  return madd(f32x4.mul(f32x4.sub(x, mean), rstd), f32x4.add(w, offset), b)
}

/** out = (x − mean)·rstd·(weight + offset) + bias, f32 or rounded to bf16 as `code` says. */
function normalise(
  out: usize, x: usize, weight: usize, bias: usize, c: i32, mean: f32, rstd: f32, offset: f32, code: i32,
): void {
  const ones = f32x4.splat(1)
  const none = f32x4.splat(0)
  const m = f32x4.splat(mean)
  const r = f32x4.splat(rstd)
  const o = f32x4.splat(offset)
  let i = 0
  for (; i + 4 <= c; i += 4) {
    const at = <usize>i << 2
    const w = weight ? v128.load(weight + at) : ones
    const b = bias ? v128.load(bias + at) : none
    const y = affine(v128.load(x + at), w, o, b, m, r)
    if (code == F32) v128.store(out + at, y)
    else storeBf16End(out + (<usize>i << 1), y, 4)
  }
  const rest = c - i
  if (rest == 0) return
  const at = <usize>i << 2
  const w = weight ? loadEnd(weight + at, rest) : ones
  const b = bias ? loadEnd(bias + at, rest) : none
  const y = affine(loadEnd(x + at, rest), w, o, b, m, r)
  if (code == F32) storeEnd(out + at, y, rest)
  else storeBf16End(out + (<usize>i << 1), y, rest)
}

/** Address of a row of `c` elements. */
// @ts-ignore: decorator
@inline
function rowOf(out: usize, n: i32, c: i32, code: i32): usize {
  return out + ((<usize>n * <usize>c) << (code == F32 ? 2 : 1))
}

export function layerNorm(
  start: i32, end: i32, out: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, c: i32, eps: f32,
  code: i32,
): void {
  for (let n = start; n < end; n++) {
    const row = rowOf(x, n, c, F32)
    const m = rowSum(row, c) / <f32>c
    const r: f32 = 1 / sqrt<f32>(rowSquares(row, c, m) / <f32>c + eps)
    store<f32>(mean + (<usize>n << 2), m)
    store<f32>(rstd + (<usize>n << 2), r)
    normalise(rowOf(out, n, c, code), row, weight, bias, c, m, r, 0, code)
  }
}

export function rmsNorm(
  start: i32, end: i32, out: usize, rstd: usize, x: usize, weight: usize, c: i32, eps: f32, unitOffset: f32,
  code: i32,
): void {
  for (let n = start; n < end; n++) {
    const row = rowOf(x, n, c, F32)
    const r: f32 = 1 / sqrt<f32>(rowSquares(row, c, 0) / <f32>c + eps)
    store<f32>(rstd + (<usize>n << 2), r)
    normalise(rowOf(out, n, c, code), row, weight, 0, c, 0, r, unitOffset, code)
  }
}

/**
 * dX = rstd·(dHat − mean(dHat) − hat·mean(dHat·hat)), hat = (x − mean)·rstd, dHat = dOut·(weight + offset).
 * RMS norm: without the mean(dHat) term (`centered` false).
 */
function backwardRow(
  dX: usize, dOut: usize, x: usize, weight: usize, c: i32, mean: f32, rstd: f32, offset: f32, centered: bool,
): void {
  let sum: f32 = 0
  let sumHat: f32 = 0
  let sums = f32x4.splat(0)
  let sumHats = f32x4.splat(0)
  const m = f32x4.splat(mean)
  const r = f32x4.splat(rstd)
  const o = f32x4.splat(offset)
  const ones = f32x4.splat(1)
  let i = 0
  for (; i + 4 <= c; i += 4) {
    const at = <usize>i << 2
    const w = f32x4.add(weight ? v128.load(weight + at) : ones, o)
    const d = f32x4.mul(v128.load(dOut + at), w)
    sums = f32x4.add(sums, d)
    sumHats = madd(d, f32x4.mul(f32x4.sub(v128.load(x + at), m), r), sumHats)
  }
  sum = sumLanes(sums)
  sumHat = sumLanes(sumHats)
  for (; i < c; i++) {
    const at = <usize>i << 2
    const d = load<f32>(dOut + at) * ((weight ? load<f32>(weight + at) : 1) + offset)
    sum += d
    sumHat += d * (load<f32>(x + at) - mean) * rstd
  }
  const average: f32 = centered ? sum / <f32>c : 0
  const averageHat = sumHat / <f32>c
  for (i = 0; i + 4 <= c; i += 4) {
    const at = <usize>i << 2
    const w = f32x4.add(weight ? v128.load(weight + at) : ones, o)
    const d = f32x4.sub(f32x4.mul(v128.load(dOut + at), w), f32x4.splat(average))
    const hat = f32x4.mul(f32x4.sub(v128.load(x + at), m), r)
    v128.store(dX + at, f32x4.mul(r, f32x4.sub(d, f32x4.mul(hat, f32x4.splat(averageHat)))))
  }
  for (; i < c; i++) {
    const at = <usize>i << 2
    const d = load<f32>(dOut + at) * ((weight ? load<f32>(weight + at) : 1) + offset) - average
    store<f32>(dX + at, rstd * (d - (load<f32>(x + at) - mean) * rstd * averageHat))
  }
}

export function layerNormBackward(
  start: i32, end: i32, dX: usize, dOut: usize, x: usize, mean: usize, rstd: usize, weight: usize, c: i32,
): void {
  for (let n = start; n < end; n++) {
    const row = (<usize>n * <usize>c) << 2
    const m = load<f32>(mean + (<usize>n << 2))
    backwardRow(dX + row, dOut + row, x + row, weight, c, m, load<f32>(rstd + (<usize>n << 2)), 0, true)
  }
}

export function rmsNormBackward(
  start: i32, end: i32, dX: usize, dOut: usize, x: usize, rstd: usize, weight: usize, c: i32, unitOffset: f32,
): void {
  for (let n = start; n < end; n++) {
    const row = (<usize>n * <usize>c) << 2
    backwardRow(dX + row, dOut + row, x + row, weight, c, 0, load<f32>(rstd + (<usize>n << 2)), unitOffset, false)
  }
}

/** dWeight[j] += Σ_n dOut·(x − mean)·rstd, dBias[j] += Σ_n dOut for columns j; either, and mean, may be 0 (none). */
export function normGradients(
  start: i32, end: i32, dWeight: usize, dBias: usize, dOut: usize, x: usize, mean: usize, rstd: usize, n: i32, c: i32,
): void {
  const step: usize = <usize>c << 2
  let j = start
  for (; j < end; j += 4) {
    const rest = end - j
    const at = <usize>j << 2
    let sum = f32x4.splat(0)
    let sumHat = sum
    for (let row = 0; row < n; row++) {
      const from = at + <usize>row * step
      const d = loadSome(dOut + from, rest)
      sum = f32x4.add(sum, d)
      if (!dWeight) continue
      let v = loadSome(x + from, rest)
      if (mean) v = f32x4.sub(v, v128.load32_splat(mean + (<usize>row << 2)))
      sumHat = madd(d, f32x4.mul(v, v128.load32_splat(rstd + (<usize>row << 2))), sumHat)
    }
    if (dWeight) accumulate(dWeight + at, sumHat, rest)
    if (dBias) accumulate(dBias + at, sum, rest)
  }
}

// @ts-ignore: decorator
@inline
function accumulate(at: usize, x: v128, rest: i32): void {
  storeSome(at, f32x4.add(loadSome(at, rest), x), rest)
}

/** Turns pairs (i, i + rotaryDim/2) of every head of rows [start, end) by ±the tables' angle of the row's position. */
export function rope(
  start: i32, end: i32, x: usize, cos: usize, sin: usize, seqLen: i32, numHeads: i32, headDim: i32, rotaryDim: i32,
  sign: f32,
): void {
  const half = rotaryDim >> 1
  const signs = f32x4.splat(sign)
  for (let n = start; n < end; n++) {
    const table = (<usize>(n % seqLen) * <usize>half) << 2
    for (let head = 0; head < numHeads; head++) {
      const first = x + ((<usize>(n * numHeads + head) * <usize>headDim) << 2)
      const second = first + (<usize>half << 2)
      for (let i = 0; i < half; i += 4) {
        const at = <usize>i << 2
        const rest = half - i
        const a = loadSome(first + at, rest)
        const b = loadSome(second + at, rest)
        const c = loadSome(cos + table + at, rest)
        const s = f32x4.mul(signs, loadSome(sin + table + at, rest))
        storeSome(first + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), rest)
        storeSome(second + at, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), rest)
      }
    }
  }
}
