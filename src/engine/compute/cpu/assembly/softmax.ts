// Softmax over tiles of attention scores, and over rows of logits in vocabulary chunks.
import { dot } from './rows'
import { exp4, tanh4 } from './math'
import { lanesBelow, loadEnd, maxLanes, storeEnd, sumLanes } from './simd'

/** Maximum over `count` elements; −∞ when there are none. */
// @ts-ignore: decorator
@inline
export function rowMax(x: usize, count: i32): f32 {
  let best = f32x4.splat(-<f32>Infinity)
  let j = 0
  for (; j + 4 <= count; j += 4) best = f32x4.pmax(best, v128.load(x + (<usize>j << 2)))
  let top = maxLanes(best)
  for (; j < count; j++) top = max(top, load<f32>(x + (<usize>j << 2)))
  return top
}

/** x = e^(x − top) over `count` elements; returns the sum. */
// @ts-ignore: decorator
@inline
function expRow(x: usize, count: i32, top: f32): f32 {
  const shift = f32x4.splat(top)
  let sum = f32x4.splat(0)
  let j = 0
  for (; j + 4 <= count; j += 4) {
    const at = x + (<usize>j << 2)
    const e = exp4(f32x4.sub(v128.load(at), shift))
    v128.store(at, e)
    sum = f32x4.add(sum, e)
  }
  const rest = count - j
  if (rest > 0) {
    const at = x + (<usize>j << 2)
    const e = v128.and(exp4(f32x4.sub(loadEnd(at, rest), shift)), lanesBelow(rest))
    storeEnd(at, e, rest)
    sum = f32x4.add(sum, e)
  }
  return sumLanes(sum)
}

// @ts-ignore: decorator
@inline
function scaleRow(x: usize, count: i32, factor: f32): void {
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

/** First key that query row `r` of a tile sees; the last is its own position. */
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
    const s = rest >= 4 ? v128.load(at) : loadEnd(at, rest)
    const y = f32x4.mul(top, tanh4(f32x4.div(s, top)))
    if (rest >= 4) v128.store(at, y)
    else storeEnd(at, y, rest)
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
 * Products [rows, keys] of queries and keys become, in place, probabilities of the scores `scale · product`; query r stands
 * at key `diagonal + r` and sees no later one. logSum (stride `ldSum`) takes log Σ exp; a query that sees no key gets zeros
 * and 0. `cap`: of scores, 0 = none.
 */
export function softmaxTile(
  rows: i32, keys: i32, diagonal: i32, window: i32, keyMask: usize, scores: usize, logSum: usize, ldSum: i32,
  scale: f32, cap: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const row = scores + ((<usize>r * <usize>keys) << 2)
    const end = diagonal + r + 1
    const start = firstKey(end - 1, window)
    const seen = row + (<usize>start << 2)
    scaleRow(seen, end - start, scale)
    if (cap > 0) capRow(seen, end - start, cap)
    if (keyMask) hideKeys(row, keyMask, start, end)
    const top = rowMax(seen, end - start)
    let saved: f32 = 0
    if (top == -<f32>Infinity) memory.fill(row, 0, <usize>end << 2)
    else {
      const sum = expRow(seen, end - start, top)
      saved = top + <f32>Math.log(sum)
      scaleRow(seen, end - start, 1 / sum)
      memory.fill(row, 0, <usize>start << 2)
    }
    memory.fill(row + (<usize>end << 2), 0, <usize>(keys - end) << 2)
    store<f32>(logSum + ((<usize>r * <usize>ldSum) << 2), saved)
  }
}

/**
 * Backward of one tile, in place: products become probabilities P = e^(scale · product − logSum), gradients dP become
 * dScore = P ⊙ (dP − δ) · scale, δ = dOut·out of the query's head, times the cap's slope. dOut and out have leading
 * dimension `ld`.
 */
export function softmaxTileBackward(
  rows: i32, keys: i32, diagonal: i32, window: i32, keyMask: usize, scores: usize, gradients: usize, logSum: usize,
  ldSum: i32, dOut: usize, out: usize, ld: i32, headDim: i32, scale: f32, cap: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const row = (<usize>r * <usize>keys) << 2
    const p = scores + row
    const d = gradients + row
    const end = diagonal + r + 1
    const start = firstKey(end - 1, window)
    scaleRow(p + (<usize>start << 2), end - start, scale)
    if (cap > 0) capRow(p + (<usize>start << 2), end - start, cap)
    if (keyMask) hideKeys(p, keyMask, start, end)
    const saved = load<f32>(logSum + ((<usize>r * <usize>ldSum) << 2))
    const delta = dot(dOut + ((<usize>r * <usize>ld) << 2), out + ((<usize>r * <usize>ld) << 2), headDim)
    for (let j = start; j < end; j += 4) {
      const at = <usize>j << 2
      const rest = end - j
      const whole = rest >= 4
      const s = whole ? v128.load(p + at) : loadEnd(p + at, rest)
      const e = exp4(f32x4.sub(s, f32x4.splat(saved)))
      const g = whole ? v128.load(d + at) : loadEnd(d + at, rest)
      let ds = f32x4.mul(f32x4.mul(e, f32x4.splat(scale)), f32x4.sub(g, f32x4.splat(delta)))
      if (cap > 0) {
        // Hidden scores are −∞ and have no slope either.
        const t = f32x4.max(f32x4.div(s, f32x4.splat(cap)), f32x4.splat(-1))
        ds = f32x4.mul(ds, f32x4.sub(f32x4.splat(1), f32x4.mul(t, t)))
      }
      if (whole) {
        v128.store(p + at, e)
        v128.store(d + at, ds)
      } else {
        storeEnd(p + at, e, rest)
        storeEnd(d + at, ds, rest)
      }
    }
    memory.fill(p, 0, <usize>start << 2)
    memory.fill(d, 0, <usize>start << 2)
    memory.fill(p + (<usize>end << 2), 0, <usize>(keys - end) << 2)
    memory.fill(d + (<usize>end << 2), 0, <usize>(keys - end) << 2)
  }
}

/** Σ e^(x − top) over `count` elements; f32 lanes meet in f64 every 1024. */
function sumExp(x: usize, count: i32, top: f32): f64 {
  const shift = f32x4.splat(top)
  let total: f64 = 0
  let j = 0
  while (j + 4 <= count) {
    const stop = min(count - 3, j + 1024)
    let sum = f32x4.splat(0)
    for (; j < stop; j += 4) sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(x + (<usize>j << 2)), shift)))
    total += <f64>sumLanes(sum)
  }
  const rest = count - j
  if (rest > 0)
    total += <f64>sumLanes(v128.and(exp4(f32x4.sub(loadEnd(x + (<usize>j << 2), rest), shift)), lanesBelow(rest)))
  return total
}

/** Takes logits[n, width], the vocabulary from `first`, into the running maximum and sum of rows [start, end). */
export function logSumExpRows(
  start: i32, end: i32, runMax: usize, runSum: usize, picked: usize, logits: usize, targets: usize, width: i32,
  first: i32,
): void {
  for (let n = start; n < end; n++) {
    const at = <usize>n << 2
    const row = logits + ((<usize>n * <usize>width) << 2)
    const before = load<f32>(runMax + at)
    const top = max(before, rowMax(row, width))
    const sum = load<f32>(runSum + at)
    const kept: f64 = sum == 0 ? 0 : <f64>sum * Math.exp(<f64>before - <f64>top)
    const added = top == -<f32>Infinity ? 0 : sumExp(row, width, top)
    store<f32>(runSum + at, <f32>(kept + added))
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
