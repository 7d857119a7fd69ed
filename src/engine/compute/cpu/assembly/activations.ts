// Activations and their derivatives, forward, backward and gated.
import { normalCdf4, normalExp4, sigmoid4, tanh4 } from './math'
import { F32, storeBf16, storeBf16End } from './convert'
import { loadEnd, loadSome, madd, storeEnd, storeSome } from './simd'

// The numbers are those of ../kernels/elementwise.ts.
const RELU = 0
const RELU6 = 1
const RELU2 = 2
const LEAKY_RELU = 3
const GELU = 4
const GELU10 = 5
const GELU_TANH = 6
const QUICK_GELU = 7
const SILU = 8
const SIGMOID = 9
const TANH = 10

// @ts-ignore: decorator
@inline
const inverseRootTwoPi: f32 = 0.3989422804014327
// @ts-ignore: decorator
@inline
const rootTwoOverPi: f32 = 0.7978845608028654

// @ts-ignore: decorator
@inline
function one(): v128 {
  return f32x4.splat(1)
}

// @ts-ignore: decorator
@inline
function none(): v128 {
  return f32x4.splat(0)
}

// @ts-ignore: decorator
@inline
function clamp(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(low)), f32x4.splat(high))
}

/** 2·√(2/π)·(x + 0.044715·x³): the tanh approximation is x·σ of it, since ½(1 + tanh u) = σ(2u). */
// @ts-ignore: decorator
@inline
function geluInner(x: v128): v128 {
  const cubic = madd(f32x4.mul(x, x), f32x4.splat(2 * 0.044715 * rootTwoOverPi), f32x4.splat(2 * rootTwoOverPi))
  return f32x4.mul(x, cubic)
}

function gelu(x: v128): v128 {
  return f32x4.mul(x, normalCdf4(x, normalExp4(x)))
}

function geluSlope(x: v128): v128 {
  const e = normalExp4(x)
  return madd(x, f32x4.mul(e, f32x4.splat(inverseRootTwoPi)), normalCdf4(x, e))
}

function geluTanh(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(geluInner(x)))
}

/** s + x·s·(1 − s)·u′, s = σ(u), u = geluInner. */
function geluTanhSlope(x: v128): v128 {
  const s = sigmoid4(geluInner(x))
  const inner = madd(
    f32x4.mul(x, x),
    f32x4.splat(6 * 0.044715 * rootTwoOverPi),
    f32x4.splat(2 * rootTwoOverPi),
  )
  const bell = f32x4.mul(s, f32x4.sub(one(), s))
  return madd(f32x4.mul(x, bell), inner, s)
}

/** x·σ(s·x). */
// @ts-ignore: decorator
@inline
function swish(x: v128, s: f32): v128 {
  return f32x4.mul(x, sigmoid4(f32x4.mul(x, f32x4.splat(s))))
}

/** σ(z)·(1 + z·(1 − σ(z))), z = s·x. */
// @ts-ignore: decorator
@inline
function swishSlope(x: v128, s: f32): v128 {
  const z = f32x4.mul(x, f32x4.splat(s))
  const y = sigmoid4(z)
  return f32x4.mul(y, madd(z, f32x4.sub(one(), y), one()))
}

/** f(x). */
// @ts-ignore: decorator
@inline
function activate(x: v128, kind: i32): v128 {
  if (kind == RELU) return f32x4.pmax(x, none())
  if (kind == GELU) return gelu(x)
  if (kind == GELU_TANH) return geluTanh(x)
  if (kind == SILU) return swish(x, 1)
  if (kind == QUICK_GELU) return swish(x, 1.702)
  if (kind == RELU6) return clamp(x, 0, 6)
  if (kind == GELU10) return clamp(gelu(x), -10, 10)
  if (kind == SIGMOID) return sigmoid4(x)
  if (kind == TANH) return tanh4(x)
  if (kind == LEAKY_RELU)
    return v128.bitselect(x, f32x4.mul(x, f32x4.splat(0.01)), f32x4.gt(x, none()))
  if (kind == RELU2) {
    const y = f32x4.pmax(x, none())
    return f32x4.mul(y, y)
  }
  return x
}

/** f′(x). */
function slope(x: v128, kind: i32): v128 {
  if (kind == RELU) return v128.and(one(), f32x4.gt(x, none()))
  if (kind == GELU) return geluSlope(x)
  if (kind == GELU_TANH) return geluTanhSlope(x)
  if (kind == SILU) return swishSlope(x, 1)
  if (kind == QUICK_GELU) return swishSlope(x, 1.702)
  if (kind == RELU6)
    return v128.and(one(), v128.and(f32x4.gt(x, none()), f32x4.lt(x, f32x4.splat(6))))
  if (kind == GELU10) return v128.and(geluSlope(x), f32x4.lt(f32x4.abs(gelu(x)), f32x4.splat(10)))
  if (kind == SIGMOID) {
    const y = sigmoid4(x)
    return f32x4.mul(y, f32x4.sub(one(), y))
  }
  if (kind == TANH) {
    const y = tanh4(x)
    return f32x4.mul(f32x4.sub(one(), y), f32x4.add(one(), y))
  }
  if (kind == LEAKY_RELU) return v128.bitselect(one(), f32x4.splat(0.01), f32x4.gt(x, none()))
  if (kind == RELU2) return f32x4.mul(f32x4.splat(2), f32x4.pmax(x, none()))
  return one()
}

/** out = f(x), f32 or rounded to bf16 as `code` says. */
export function activation(start: i32, end: i32, out: usize, x: usize, kind: i32, code: i32): void {
  // The kinds that are most common in models have their own loops, without a branch on `kind` for every vector.
  if (kind == RELU) activateAll(start, end, out, x, 0, RELU, code)
  else if (kind == GELU) activateAll(start, end, out, x, 0, GELU, code)
  else if (kind == GELU_TANH) activateAll(start, end, out, x, 0, GELU_TANH, code)
  else activateAll(start, end, out, x, 0, kind, code)
}

/** out = f(gate) ⊙ up, f32 or rounded to bf16 as `code` says. */
export function gated(
  start: i32, end: i32, out: usize, gate: usize, up: usize, kind: i32, code: i32,
): void {
  if (kind == SILU) activateAll(start, end, out, gate, up, SILU, code)
  else if (kind == GELU_TANH) activateAll(start, end, out, gate, up, GELU_TANH, code)
  else activateAll(start, end, out, gate, up, kind, code)
}

/** out = f(x), times `up` where it is given. */
// @ts-ignore: decorator
@inline
function activateAll(start: i32, end: i32, out: usize, x: usize, up: usize, kind: i32, code: i32): void {
  let i = start
  for (; i + 8 <= end; i += 8) {
    const at = <usize>i << 2
    let low = activate(v128.load(x + at), kind)
    let high = activate(v128.load(x + at, 16), kind)
    if (up) {
      low = f32x4.mul(low, v128.load(up + at))
      high = f32x4.mul(high, v128.load(up + at, 16))
    }
    if (code == F32) {
      v128.store(out + at, low)
      v128.store(out + at, high, 16)
    } else storeBf16(out + (<usize>i << 1), low, high)
  }
  for (; i < end; i += 4) {
    const at = <usize>i << 2
    const rest = end - i
    let y = activate(loadSome(x + at, rest), kind)
    if (up) y = f32x4.mul(y, loadSome(up + at, rest))
    if (code != F32) storeBf16End(out + (<usize>i << 1), y, rest)
    else storeSome(out + at, y, rest)
  }
}

export function activationBackward(start: i32, end: i32, dX: usize, dOut: usize, x: usize, kind: i32): void {
  let i = start
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2
    v128.store(dX + at, f32x4.mul(v128.load(dOut + at), slope(v128.load(x + at), kind)))
  }
  const at = <usize>i << 2
  const rest = end - i
  if (rest > 0) storeEnd(dX + at, f32x4.mul(loadEnd(dOut + at, rest), slope(loadEnd(x + at, rest), kind)), rest)
}

/** dGate = dOut ⊙ up ⊙ f′(gate), dUp = dOut ⊙ f(gate). */
export function gatedBackward(
  start: i32, end: i32, dGate: usize, dUp: usize, dOut: usize, gate: usize, up: usize, kind: i32,
): void {
  for (let i = start; i < end; i += 4) {
    const at = <usize>i << 2
    const rest = end - i
    const d = loadSome(dOut + at, rest)
    const g = loadSome(gate + at, rest)
    const u = loadSome(up + at, rest)
    storeSome(dGate + at, f32x4.mul(f32x4.mul(d, u), slope(g, kind)), rest)
    storeSome(dUp + at, f32x4.mul(d, activate(g, kind)), rest)
  }
}
