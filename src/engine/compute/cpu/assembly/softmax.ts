// Softmax over tiles of attention scores, and over rows of logits in vocabulary chunks.
import { dot } from './rows'
import { F32, storeBf16, storeBf16End } from './convert'
import { exp4, expBelow88, tanh4 } from './math'
import { lanesBelow, loadEnd, loadSome, maxLanes, storeEnd, storeSome, sumLanes } from './simd'

/** Maximum over `count` elements; −∞ when there are none. */
// @ts-ignore: decorator
@inline
export function rowMax(x: usize, count: i32): f32 {
  let a = f32x4.splat(-<f32>Infinity)
  let b = a
  let j = 0
  for (; j + 8 <= count; j += 8) {
    const at = x + (<usize>j << 2)
    a = f32x4.pmax(a, v128.load(at))
    b = f32x4.pmax(b, v128.load(at, 16))
  }
  let top = maxLanes(f32x4.pmax(a, b))
  for (; j < count; j++) top = max(top, load<f32>(x + (<usize>j << 2)))
  return top
}

/** x = e^(scale·x − top), at most 1, over `count` elements; returns the sum. */
// @ts-ignore: decorator
@inline
function expRow(x: usize, count: i32, scale: f32, top: f32): f32 {
  const shift = f32x4.splat(top)
  const factor = f32x4.splat(scale)
  let sum = f32x4.splat(0)
  let j = 0
  for (; j + 4 <= count; j += 4) {
    const at = x + (<usize>j << 2)
    const e = expBelow88(f32x4.sub(f32x4.mul(v128.load(at), factor), shift))
    v128.store(at, e)
    sum = f32x4.add(sum, e)
  }
  const rest = count - j
  if (rest > 0) {
    const at = x + (<usize>j << 2)
    const e = expEnd(at, rest, factor, shift)
    storeEnd(at, e, rest)
    sum = f32x4.add(sum, e)
  }
  return sumLanes(sum)
}

/** Like expRow, but writes bf16 to `out`; the sum is of the values before rounding. */
// @ts-ignore: decorator
@inline
function expRowNarrow(out: usize, x: usize, count: i32, scale: f32, top: f32): f32 {
  const shift = f32x4.splat(top)
  const factor = f32x4.splat(scale)
  let sum = f32x4.splat(0)
  let j = 0
  for (; j + 8 <= count; j += 8) {
    const at = x + (<usize>j << 2)
    const low = expBelow88(f32x4.sub(f32x4.mul(v128.load(at), factor), shift))
    const high = expBelow88(f32x4.sub(f32x4.mul(v128.load(at, 16), factor), shift))
    storeBf16(out + (<usize>j << 1), low, high)
    sum = f32x4.add(sum, f32x4.add(low, high))
  }
  for (; j < count; j += 4) {
    const rest = count - j
    const e = expEnd(x + (<usize>j << 2), rest, factor, shift)
    storeBf16End(out + (<usize>j << 1), e, rest)
    sum = f32x4.add(sum, e)
  }
  return sumLanes(sum)
}

/** e^(factor·x − shift) of four elements, or of the last `count` with 0 after them. */
// @ts-ignore: decorator
@inline
function expEnd(at: usize, count: i32, factor: v128, shift: v128): v128 {
  return v128.and(expBelow88(f32x4.sub(f32x4.mul(loadSome(at, count), factor), shift)), lanesBelow(count))
}

/** x = factor · x over `count` elements. */
// @ts-ignore: decorator
@inline
export function scaleRow(x: usize, count: i32, factor: f32): void {
  const scale = f32x4.splat(factor)
  let j = 0
  for (; j + 4 <= count; j += 4) {
    const at = x + (<usize>j << 2)
    v128.store(at, f32x4.mul(scale, v128.load(at)))
  }
  for (; j < count; j++) {
    const at = x + (<usize>j << 2)
    store<f32>(at, factor * load<f32>(at))
  }
}

/** First key that the query at key position `own` sees; the last is `own`. */
// @ts-ignore: decorator
@inline
function firstKey(own: i32, window: i32): i32 {
  return window > 0 ? max(0, own - window + 1) : 0
}

/** x = cap · tanh(x / cap) over `count` elements. */
// @ts-ignore: decorator
@inline
function capRow(x: usize, count: i32, cap: f32): void {
  const top = f32x4.splat(cap)
  for (let j = 0; j < count; j += 4) {
    const at = x + (<usize>j << 2)
    const rest = count - j
    storeSome(at, f32x4.mul(top, tanh4(f32x4.div(loadSome(at, rest), top))), rest)
  }
}

/** Scores of masked keys become −∞. */
// @ts-ignore: decorator
@inline
function hideKeys(x: usize, keyMask: usize, from: i32, to: i32): void {
  for (let j = from; j < to; j++)
    if (load<i32>(keyMask + (<usize>j << 2)) == 0) store<f32>(x + (<usize>j << 2), -<f32>Infinity)
}

/**
 * Applies cap and mask to the products `x` of a row, which begin at the first key that it sees. Returns the factor that the
 * scores still need: `scale`, or 1 if they are scaled here: before a cap, or because a scale ≤ 0 would change hidden ones (−∞).
 */
// @ts-ignore: decorator
@inline
function scoresOf(x: usize, count: i32, keyMask: usize, scale: f32, cap: f32): f32 {
  let left = scale
  if (cap > 0 || scale <= 0) {
    scaleRow(x, count, scale)
    if (cap > 0) capRow(x, count, cap)
    left = 1
  }
  if (keyMask) hideKeys(x, keyMask, 0, count)
  return left
}

/** Zeroes elements of 2^`shift` bytes before `start` and from `end` to `keys`. */
// @ts-ignore: decorator
@inline
function clearAround(row: usize, start: i32, end: i32, keys: i32, shift: usize): void {
  memory.fill(row, 0, <usize>start << shift)
  memory.fill(row + (<usize>end << shift), 0, <usize>(keys - end) << shift)
}

/**
 * Products [rows, keys] of queries and keys become, in place, e^(score − maximum) of the scores `scale · product`; query r
 * is at key `diagonal + r` and sees no later one. With `narrow` they are written there as bf16 [rows, keys] instead.
 * factors[rows] = 1/Σ of a row, which turns them into probabilities; logSum (stride `ldSum`) = log Σ exp. A query that sees no
 * key gets zeros, and 0 for both. `cap`: the softcap of scores, 0 = none.
 */
export function softmaxTile(
  rows: i32, keys: i32, diagonal: i32, window: i32, keyMask: usize, scores: usize, narrow: usize, factors: usize,
  logSum: usize, ldSum: i32, scale: f32, cap: f32,
): void {
  const shift: usize = narrow ? 1 : 2
  for (let r = 0; r < rows; r++) {
    const first = <usize>r * <usize>keys
    const row = narrow ? narrow + (first << 1) : scores + (first << 2)
    const end = diagonal + r + 1
    const start = firstKey(end - 1, window)
    const seen = scores + ((first + <usize>start) << 2)
    const left = scoresOf(seen, end - start, keyMask ? keyMask + (<usize>start << 2) : 0, scale, cap)
    const top = rowMax(seen, end - start) * left
    let saved: f32 = 0
    let factor: f32 = 0
    if (top == -<f32>Infinity) memory.fill(row, 0, <usize>end << shift)
    else {
      const to = row + (<usize>start << shift)
      const sum = narrow
        ? expRowNarrow(to, seen, end - start, left, top)
        : expRow(seen, end - start, left, top)
      saved = top + <f32>Math.log(sum)
      factor = 1 / sum
    }
    clearAround(row, start, end, keys, shift)
    store<f32>(factors + (<usize>r << 2), factor)
    store<f32>(logSum + ((<usize>r * <usize>ldSum) << 2), saved)
  }
}

/** Scores [rows, keys] of later keys become −∞: query r is at key `diagonal + r`. */
export function hideLater(rows: i32, keys: i32, diagonal: i32, scores: usize): void {
  for (let r = 0; r < rows; r++) {
    const row = scores + ((<usize>r * <usize>keys) << 2)
    for (let j = diagonal + r + 1; j < keys; j++) store<f32>(row + (<usize>j << 2), -<f32>Infinity)
  }
}

/** to[rows, columns] = factors[row] · from[rows, columns], f32, or rounded to bf16 where `code` says so. */
export function scaleTile(
  rows: i32, columns: i32, from: usize, ldFrom: i32, factors: usize, to: usize, ldTo: i32, code: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const factor = v128.load32_splat(factors + (<usize>r << 2))
    const x = from + ((<usize>r * <usize>ldFrom) << 2)
    const out = to + (<usize>r * <usize>ldTo << (code == F32 ? 2 : 1))
    for (let j = 0; j < columns; j += 4) {
      const rest = columns - j
      const at = <usize>j << 2
      const y = f32x4.mul(factor, loadSome(x + at, rest))
      if (code == F32) storeSome(out + at, y, rest)
      else storeBf16End(out + (<usize>j << 1), y, rest)
    }
  }
}

/**
 * Backward of one tile, in place: products become probabilities P = e^(scale · product − logSum), gradients dP become
 * dScore = P ⊙ (dP − δ) · scale, δ = dOut·out of the query's head, times the cap's slope. With `narrow` both are written there
 * as bf16 instead: P [rows, keys], then dScore.
 */
export function softmaxTileBackward(
  rows: i32, keys: i32, diagonal: i32, window: i32, keyMask: usize, scores: usize, gradients: usize, narrow: usize,
  logSum: usize, ldSum: i32, dOut: usize, ldD: i32, out: usize, ldOut: i32, headDim: i32, scale: f32, cap: f32,
): void {
  const shift: usize = narrow ? 1 : 2
  const scales = f32x4.splat(scale)
  for (let r = 0; r < rows; r++) {
    const row = <usize>r * <usize>keys
    const p = scores + (row << 2)
    const d = gradients + (row << 2)
    const toP = narrow ? narrow + (row << 1) : p
    const toD = narrow ? narrow + ((<usize>rows * <usize>keys + row) << 1) : d
    const end = diagonal + r + 1
    const start = firstKey(end - 1, window)
    const seen = <usize>start << 2
    const left = f32x4.splat(
      scoresOf(p + seen, end - start, keyMask ? keyMask + seen : 0, scale, cap),
    )
    const saved = f32x4.splat(load<f32>(logSum + ((<usize>r * <usize>ldSum) << 2)))
    const delta = f32x4.splat(dot(dOut + ((<usize>r * <usize>ldD) << 2), out + ((<usize>r * <usize>ldOut) << 2), headDim))
    for (let j = start; j < end; j += 4) {
      const at = <usize>j << 2
      const rest = end - j
      const s = f32x4.mul(left, loadSome(p + at, rest))
      const e = exp4(f32x4.sub(s, saved))
      const g = loadSome(d + at, rest)
      let ds = f32x4.mul(f32x4.mul(e, scales), f32x4.sub(g, delta))
      if (cap > 0) {
        // Hidden scores are −∞: the clamp makes their slope 0, and ds not NaN.
        const t = f32x4.max(f32x4.div(s, f32x4.splat(cap)), f32x4.splat(-1))
        ds = f32x4.mul(ds, f32x4.sub(f32x4.splat(1), f32x4.mul(t, t)))
      }
      if (narrow) {
        storeBf16End(toP + (<usize>j << 1), e, rest)
        storeBf16End(toD + (<usize>j << 1), ds, rest)
      } else {
        storeSome(p + at, e, rest)
        storeSome(d + at, ds, rest)
      }
    }
    clearAround(toP, start, end, keys, shift)
    clearAround(toD, start, end, keys, shift)
  }
}

/** Σ e^(x − top) over `count` elements; f32 lanes are added up in f64 every 1024 elements. */
function sumExp(x: usize, count: i32, top: f32): f64 {
  const shift = f32x4.splat(top)
  let total: f64 = 0
  let j = 0
  while (j + 4 <= count) {
    const stop = min(count - 3, j + 1024)
    let sum = f32x4.splat(0)
    for (; j < stop; j += 4) sum = f32x4.add(sum, expBelow88(f32x4.sub(v128.load(x + (<usize>j << 2)), shift)))
    total += <f64>sumLanes(sum)
  }
  const rest = count - j
  if (rest > 0)
    total += <f64>sumLanes(v128.and(expBelow88(f32x4.sub(loadEnd(x + (<usize>j << 2), rest), shift)), lanesBelow(rest)))
  return total
}

/** Logits of a row that are processed together, so that the second pass finds them in the cache. */
const part = 4096

/** Takes logits[n, width], the vocabulary from `first`, into the running maximum and sum of rows [start, end). */
export function logSumExpRows(
  start: i32, end: i32, runMax: usize, runSum: usize, picked: usize, logits: usize, targets: usize, width: i32,
  first: i32,
): void {
  for (let n = start; n < end; n++) {
    const at = <usize>n << 2
    const row = logits + ((<usize>n * <usize>width) << 2)
    let top = load<f32>(runMax + at)
    let sum: f64 = load<f32>(runSum + at)

    for (let from = 0; from < width; from += part) {
      const x = row + (<usize>from << 2)
      const count = min(part, width - from)
      const before = top
      top = max(top, rowMax(x, count))
      if (top == -<f32>Infinity) continue
      if (sum != 0) sum *= Math.exp(<f64>before - <f64>top)
      sum += sumExp(x, count, top)
    }
    store<f32>(runSum + at, <f32>sum)
    store<f32>(runMax + at, top)
    const target = load<i32>(targets + at) - first
    if (target >= 0 && target < width) store<f32>(picked + at, load<f32>(row + (<usize>target << 2)))
  }
}

/** logits[n] become rowWeight[n] · (e^(logit − runMax)/runSum − one-hot); 0 where the target is below 0. */
export function crossEntropyRows(
  start: i32, end: i32, logits: usize, runMax: usize, runSum: usize, targets: usize, rowWeight: usize, width: i32,
  first: i32,
): void {
  for (let n = start; n < end; n++) {
    const at = <usize>n << 2
    const row = logits + ((<usize>n * <usize>width) << 2)
    const target = load<i32>(targets + at)
    if (target < 0) {
      memory.fill(row, 0, <usize>width << 2)
      continue
    }
    const weight = load<f32>(rowWeight + at)
    const factor = f32x4.splat(weight / load<f32>(runSum + at))
    const top = f32x4.splat(load<f32>(runMax + at))
    let j = 0
    for (; j + 4 <= width; j += 4) {
      const to = row + (<usize>j << 2)
      v128.store(to, f32x4.mul(factor, exp4(f32x4.sub(v128.load(to), top))))
    }
    const rest = width - j
    const to = row + (<usize>j << 2)
    if (rest > 0) storeEnd(to, f32x4.mul(factor, exp4(f32x4.sub(loadEnd(to, rest), top))), rest)
    const own = target - first
    if (own < 0 || own >= width) continue
    const place = row + (<usize>own << 2)
    store<f32>(place, load<f32>(place) - weight)
  }
}
