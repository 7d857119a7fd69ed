// Elementwise arithmetic, sums of squares, AdamW. Ranges of elements; ends of fewer than four are scalar.
import { madd } from './simd'

export function add(start: i32, end: i32, out: usize, a: usize, b: usize): void {
  let i = start
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2
    v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)))
  }
  for (; i < end; i++) {
    const at = <usize>i << 2
    store<f32>(out + at, load<f32>(a + at) + load<f32>(b + at))
  }
}

/** out += alpha · x. */
export function addScaled(start: i32, end: i32, out: usize, x: usize, alpha: f32): void {
  const scale = f32x4.splat(alpha)
  let i = start
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2
    v128.store(out + at, madd(scale, v128.load(x + at), v128.load(out + at)))
  }
  for (; i < end; i++) {
    const at = <usize>i << 2
    store<f32>(out + at, load<f32>(out + at) + alpha * load<f32>(x + at))
  }
}

/** out = factor · (a − b). */
export function scaledDifference(start: i32, end: i32, out: usize, a: usize, b: usize, factor: f32): void {
  const scale = f32x4.splat(factor)
  let i = start
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2
    v128.store(out + at, f32x4.mul(scale, f32x4.sub(v128.load(a + at), v128.load(b + at))))
  }
  for (; i < end; i++) {
    const at = <usize>i << 2
    store<f32>(out + at, factor * (load<f32>(a + at) - load<f32>(b + at)))
  }
}

export function fill(start: i32, end: i32, x: usize, value: f32): void {
  const values = f32x4.splat(value)
  let i = start
  for (; i + 4 <= end; i += 4) v128.store(x + (<usize>i << 2), values)
  for (; i < end; i++) store<f32>(x + (<usize>i << 2), value)
}

export function fillWords(start: i32, end: i32, x: usize, value: i32): void {
  for (let i = start; i < end; i++) store<i32>(x + (<usize>i << 2), value)
}

export function fillHalves(start: i32, end: i32, x: usize, value: i32): void {
  for (let i = start; i < end; i++) store<u16>(x + (<usize>i << 1), <u16>value)
}

/** out[e] += Σ_p parts[p · width + e], in order. */
export function addParts(start: i32, end: i32, out: usize, parts: usize, count: i32, width: i32): void {
  for (let p = 0; p < count; p++) add(start, end, out, out, parts + ((<usize>p * <usize>width) << 2))
}

// @ts-ignore: decorator
@inline
function squares(from: i32, to: i32, a: usize, b: usize): f64 {
  // Four lanes over one block: at most 2048 terms each before they are added up in f64.
  let sum = f32x4.splat(0)
  let i = from
  for (; i + 4 <= to; i += 4) {
    const at = <usize>i << 2
    let x = v128.load(a + at)
    if (b) x = f32x4.sub(x, v128.load(b + at))
    sum = madd(x, x, sum)
  }
  let total =
    <f64>f32x4.extract_lane(sum, 0) +
    <f64>f32x4.extract_lane(sum, 1) +
    <f64>f32x4.extract_lane(sum, 2) +
    <f64>f32x4.extract_lane(sum, 3)
  for (; i < to; i++) {
    const at = <usize>i << 2
    const x = <f64>load<f32>(a + at) - (b ? <f64>load<f32>(b + at) : 0)
    total += x * x
  }
  return total
}

/** parts[p] (f64) = Σ (a − b)² over block p of `block` elements; b = 0 (null) leaves a². Items are blocks. */
export function squareParts(start: i32, end: i32, parts: usize, a: usize, b: usize, length: i32, block: i32): void {
  for (let p = start; p < end; p++)
    store<f64>(parts + (<usize>p << 3), squares(p * block, min(length, (p + 1) * block), a, b))
}

/** out[e] += Σ parts[e, count] (f64), in order. */
export function addSum(start: i32, end: i32, out: usize, parts: usize, count: i32): void {
  for (let e = start; e < end; e++) {
    const to = out + (<usize>e << 2)
    const own = parts + ((<usize>e * <usize>count) << 3)
    let sum: f64 = load<f32>(to)
    for (let p = 0; p < count; p++) sum += load<f64>(own + (<usize>p << 3))
    store<f32>(to, <f32>sum)
  }
}

/**
 * AdamW with rate = lr/(1 − β₁ᵗ), root = 1/√(1 − β₂ᵗ), decay = lr · weight decay:
 * param −= decay · param + rate · m/(√v · root + eps).
 */
export function adamw(
  start: i32, end: i32, param: usize, grad: usize, m: usize, v: usize, rate: f32, root: f32, beta1: f32, rest1: f32,
  beta2: f32, rest2: f32, eps: f32, decay: f32, gradScale: f32,
): void {
  let i = start
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2
    const d = f32x4.mul(v128.load(grad + at), f32x4.splat(gradScale))
    const first = madd(f32x4.splat(beta1), v128.load(m + at), f32x4.mul(f32x4.splat(rest1), d))
    const second = madd(f32x4.splat(beta2), v128.load(v + at), f32x4.mul(f32x4.splat(rest2), f32x4.mul(d, d)))
    v128.store(m + at, first)
    v128.store(v + at, second)
    const below = madd(f32x4.sqrt(second), f32x4.splat(root), f32x4.splat(eps))
    const x = v128.load(param + at)
    const change = madd(f32x4.splat(decay), x, f32x4.div(f32x4.mul(f32x4.splat(rate), first), below))
    v128.store(param + at, f32x4.sub(x, change))
  }
  for (; i < end; i++) {
    const at = <usize>i << 2
    const d = load<f32>(grad + at) * gradScale
    const first = beta1 * load<f32>(m + at) + rest1 * d
    const second = beta2 * load<f32>(v + at) + rest2 * (d * d)
    store<f32>(m + at, first)
    store<f32>(v + at, second)
    const x = load<f32>(param + at)
    store<f32>(param + at, x - (decay * x + (rate * first) / (sqrt<f32>(second) * root + eps)))
  }
}
