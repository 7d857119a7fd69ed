// Products of weights with a single row, bound by reading the weights once in their own type.
//
// Four rows at a time, a quarter of all rows apart, and not four neighbours: processors prefetch along each stream that they
// detect. Four streams are 1.3 times as fast as one; neighbouring rows look like a single stream out of order (half as fast).
// A row's sum does not depend on which rows are computed with it.
//
// No weight is at address 0. Testing for this in the middle of an iteration keeps V8 from moving all loads of the iteration to
// its start, which would need more registers than there are (1.3 times as long).
import { BF16, F32, load1 } from './convert'
import { madd, sumLanes } from './simd'

const F16 = 2

/** out[r] = Σ lanes + the products of the columns from `j` on (fewer than eight; their weights are at `w`) + bias[r]. */
function put(out: usize, bias: usize, r: i32, lanes: v128, x: usize, w: usize, code: i32, j: i32, i: i32): void {
  let sum = code == F16 ? halfway * sumLanes(lanes) : sumLanes(lanes)
  for (let n = 0; j + n < i; n++) sum += load<f32>(x + (<usize>(j + n) << 2)) * load1(w, n, code)
  const at = <usize>r << 2
  store<f32>(out + at, bias ? sum + load<f32>(bias + at) : sum)
}

/** A table in memory: constants would be built anew wherever they are used (math.ts). */
const upperHalf = memory.data<u32>([0xffff0000])
/** The bits of a half's sign, exponent and fraction after `half` has shifted them down by three from the upper half of a lane. */
const halfBits = memory.data<u32>([0x8fffe000])
/**
 * 2^56. A half's exponent is biased by 15 and a float's by 127, so a half's bits in the place of a float's mean 2^-112 times its
 * value, also if it is subnormal. x and the sum are each scaled by 2^56 to make up for this, so that neither overflows. Infinity
 * and NaN would become 2^16 to 2^17, so rows that hold a half of 2 or more (bit 14 is set) are searched for them.
 */
const halfway: f32 = 7.205759403792794e16

/** The weights at even positions of eight 16-bit weights, or the first four of eight f32 weights. */
// @ts-ignore: decorator
@inline
function evenOf(eight: v128, code: i32): v128 {
  if (code == F32) return eight
  const upper = i32x4.shl(eight, 16)
  return code == BF16 ? upper : half(upper)
}

/** The other four of the eight weights, which are at `k`. */
// @ts-ignore: decorator
@inline
function oddOf(eight: v128, k: usize, code: i32): v128 {
  if (code == F32) return v128.load(k, 16)
  return code == BF16 ? v128.and(eight, v128.load32_splat(upperHalf)) : half(eight)
}

/** 2^-112 times the f16 in the upper half of each lane; the lower half is ignored. */
// @ts-ignore: decorator
@inline
function half(upper: v128): v128 {
  return v128.and(i32x4.shr_s(upper, 3), v128.load32_splat(halfBits))
}

/** Sets out[r] to NaN if one of the `count` halves before `end` is not finite. */
function refuse(out: usize, r: i32, end: usize, count: i32): void {
  const infinite = i16x8.splat(0x7c00)
  let found = i16x8.splat(0)
  for (let w = end - (<usize>count << 1); w < end; w += 16) {
    found = v128.or(found, i16x8.eq(v128.and(v128.load(w), infinite), infinite))
  }
  if (v128.any_true(found)) store<f32>(out + (<usize>r << 2), NaN)
}

/**
 * to = x[i] with the even elements of each eight before the odd ones, as `linearRow` reads it with 16-bit weights, times
 * `halfway` for f16. The last i mod 8 elements are copied unchanged.
 */
export function pairColumns(to: usize, x: usize, code: i32, i: i32): void {
  const paired = i & ~7
  const scale = f32x4.splat(code == F16 ? halfway : 1)
  for (let j = 0; j < paired; j += 8) {
    const at = <usize>j << 2
    const x0 = f32x4.mul(scale, v128.load(x + at))
    const x1 = f32x4.mul(scale, v128.load(x + at, 16))
    v128.store(to + at, v128.shuffle<f32>(x0, x1, 0, 2, 4, 6))
    v128.store(to + at, v128.shuffle<f32>(x0, x1, 1, 3, 5, 7), 16)
  }
  memory.copy(to + (<usize>paired << 2), x + (<usize>paired << 2), <usize>(i - paired) << 2)
}

/** Eight columns per iteration, in two sums: of even and odd ones (16-bit), or of four and four (f32). `code` is constant in each call. */
// @ts-ignore: decorator
@inline
function products(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  const shift: usize = code == F32 ? 2 : 1
  const turn: usize = 8 << shift
  const row = <usize>i << shift
  const whole = i & ~7
  const last = x + (<usize>whole << 2)
  const rest = <usize>(i - whole) << shift
  const quarter = (end - start) >> 2
  let k0 = weight + <usize>start * row
  let k1 = k0 + <usize>quarter * row
  let k2 = k1 + <usize>quarter * row
  let k3 = k2 + <usize>quarter * row
  for (let r = start; r < start + quarter; r++) {
    let bits = f32x4.splat(0)
    let e0 = f32x4.splat(0), o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0
    for (let at = x; at < last; at += 32) {
      const even = v128.load(at)
      const odd = v128.load(at, 16)
      const v0 = v128.load(k0)
      if (code == F16) bits = v128.or(bits, v0)
      e0 = madd(even, evenOf(v0, code), e0)
      o0 = madd(odd, oddOf(v0, k0, code), o0)
      const v1 = v128.load(k1)
      if (code == F16) bits = v128.or(bits, v1)
      e1 = madd(even, evenOf(v1, code), e1)
      o1 = madd(odd, oddOf(v1, k1, code), o1)
      if (k0 == 0) break
      const v2 = v128.load(k2)
      if (code == F16) bits = v128.or(bits, v2)
      e2 = madd(even, evenOf(v2, code), e2)
      o2 = madd(odd, oddOf(v2, k2, code), o2)
      const v3 = v128.load(k3)
      if (code == F16) bits = v128.or(bits, v3)
      e3 = madd(even, evenOf(v3, code), e3)
      o3 = madd(odd, oddOf(v3, k3, code), o3)
      k0 += turn
      k1 += turn
      k2 += turn
      k3 += turn
    }
    put(out, bias, r, f32x4.add(e0, o0), x, k0, code, whole, i)
    put(out, bias, r + quarter, f32x4.add(e1, o1), x, k1, code, whole, i)
    put(out, bias, r + 2 * quarter, f32x4.add(e2, o2), x, k2, code, whole, i)
    put(out, bias, r + 3 * quarter, f32x4.add(e3, o3), x, k3, code, whole, i)
    if (code == F16 && v128.any_true(v128.and(bits, i16x8.splat(0x4000)))) {
      refuse(out, r, k0, whole)
      refuse(out, r + quarter, k1, whole)
      refuse(out, r + 2 * quarter, k2, whole)
      refuse(out, r + 3 * quarter, k3, whole)
    }
    k0 += rest
    k1 += rest
    k2 += rest
    k3 += rest
  }
  let k = weight + <usize>(start + 4 * quarter) * row
  for (let r = start + 4 * quarter; r < end; r++) {
    let e = f32x4.splat(0), o = e
    for (let at = x; at < last; at += 32) {
      const v = v128.load(k)
      e = madd(v128.load(at), evenOf(v, code), e)
      o = madd(v128.load(at, 16), oddOf(v, k, code), o)
      k += turn
    }
    put(out, bias, r, f32x4.add(e, o), x, k, code, whole, i)
    if (code == F16) refuse(out, r, k, whole)
    k += rest
  }
}

/** Separate functions, so that `code` is a constant in each. */
function f32Products(start: i32, end: i32, out: usize, x: usize, weight: usize, bias: usize, i: i32): void {
  products(start, end, out, x, weight, F32, bias, i)
}

function bf16Products(start: i32, end: i32, out: usize, x: usize, weight: usize, bias: usize, i: i32): void {
  products(start, end, out, x, weight, BF16, bias, i)
}

function f16Products(start: i32, end: i32, out: usize, x: usize, weight: usize, bias: usize, i: i32): void {
  products(start, end, out, x, weight, F16, bias, i)
}

/** Rows [start, end) of out = weight · x + bias; with 16-bit weights, x is in the order of `pairColumns`. */
export function linearRow(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  if (code == F32) f32Products(start, end, out, x, weight, bias, i)
  else if (code == BF16) bf16Products(start, end, out, x, weight, bias, i)
  else f16Products(start, end, out, x, weight, bias, i)
}
