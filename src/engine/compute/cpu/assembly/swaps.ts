// Exact swaps of a pruned and a kept weight, a row at a time (docs/methods.md, "Swaps").
import { madd64, promoteHigh } from './simd'
import { leastShare, swapInPools } from './swapPools'
import {
  advance, best, bestKept, bestPruned, bytesOf, exchange, isKept, lack, layOut, loadRow, rowError, search, stateBytes, step,
} from './swapState'

/** Rows whose c is computed together, so that they share the loads of G. */
const tile: i32 = 4
/** Rows up to this length, and groups, always make their best swap. */
const longRow: i32 = 192

export function swapScratch(width: i32): i32 {
  return <i32>(bytesOf(width) * (2 * tile) + stateBytes(width))
}

/** peaks[a] = the largest |G_ab| / √(G_aa·G_bb) of the other columns b: it bounds t_a·t_b·G_ab. peaks[n + a] = G_aa. */
export function correlationPeaks(start: i32, end: i32, gram: usize, n: i32, peaks: usize): void {
  for (let a = start; a < end; a++) {
    let most: f64 = 0
    for (let b = 0; b < n; b++) {
      const norm = diagonal(gram, n, a) * diagonal(gram, n, b)
      const g = <f64>load<f32>(gram + ((<usize>a * <usize>n + <usize>b) << 2))
      if (b != a && norm > 0) most = max(most, g * g / norm)
    }
    store<f64>(peaks + (<usize>(n + a) << 3), diagonal(gram, n, a))
    // Slightly larger, to allow for the rounding of the bound.
    store<f64>(peaks + (<usize>a << 3), Math.sqrt(most) * (1 + 1e-12))
  }
}

// @ts-ignore: decorator
@inline
function diagonal(gram: usize, n: i32, j: i32): f64 {
  return <f64>load<f32>(gram + ((<usize>j * <usize>(n + 1)) << 2))
}

/**
 * Swaps in the mask of each row, at most `most`, inside groups of `group` columns (0: the whole row); G is gram[width, width].
 * `given`: G · residual [rows, width] in f32, or 0 where it is computed here, in f64.
 * figures[row] = error before, error after, what the best remaining swap would gain, swaps: four f64.
 */
export function swapRows(
  start: i32, end: i32, weight: usize, dense: usize, width: i32, mask: usize, words: i32, gram: usize, peaks: usize,
  most: i32, group: i32, figures: usize, given: usize, scratch: usize,
): void {
  layOut(scratch + bytesOf(width) * (2 * tile), width)
  const residuals = scratch
  const products = scratch + step * tile
  for (let first = start; first < end; first += tile) {
    const rows = min(tile, end - first)
    memory.fill(scratch, 0, step * (2 * tile))
    for (let r = 0; r < rows; r++) {
      const from = <usize>(first + r) * <usize>width << 2
      loadResidual(residuals + step * r, weight + from, dense + from, mask + (<usize>(first + r) * <usize>words << 2), width)
    }
    if (given) loadProducts(products, given + (<usize>first * <usize>width << 2), rows, width)
    else multiply(products, residuals, gram, width)
    for (let r = 0; r < rows; r++) {
      const row = first + r
      const from = <usize>row * <usize>width << 2
      const bits = mask + (<usize>row * <usize>words << 2)
      const error = dot(residuals + step * r, products + step * r, width)
      loadRow(weight + from, dense + from, bits, peaks, width, error)
      swapRow(products + step * r, gram, width, bits, most, group, figures + (<usize>row << 5))
    }
  }
}

function loadProducts(products: usize, given: usize, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < width; j++)
      store<f64>(products + step * r + (<usize>j << 3), <f64>load<f32>(given + ((<usize>r * <usize>width + <usize>j) << 2)))
}

/** out = dense − weight, where pruned weights count as 0. */
function loadResidual(out: usize, weight: usize, dense: usize, bits: usize, width: i32): void {
  for (let j = 0; j < width; j++) {
    const at = <usize>j << 2
    const now = isKept(bits, j) ? <f64>load<f32>(weight + at) : 0
    store<f64>(out + (at << 1), <f64>load<f32>(dense + at) - now)
  }
}

function swapRow(c: usize, gram: usize, width: i32, bits: usize, most: i32, group: i32, figures: usize): void {
  store<f64>(figures, rowError)
  advance(c, 0)
  const long = group == 0 && width > longRow
  let swaps = long ? swapInPools(c, gram, width, bits, most) : 0
  while (!long) {
    search(gram, width, group)
    if (swaps == most || !(-best >= leastShare * rowError) || !(best < 0)) break
    lack(0, gram, width, bestPruned, bestKept, best)
    exchange(bestPruned, bestKept, bits)
    advance(c, 2)
    swaps++
  }
  store<f64>(figures, rowError, 8)
  store<f64>(figures, -best, 16)
  store<f64>(figures, <f64>swaps, 24)
}

function dot(x: usize, y: usize, width: i32): f64 {
  let sum: f64 = 0
  for (let j = 0; j < width; j++) sum += load<f64>(x + (<usize>j << 3)) * load<f64>(y + (<usize>j << 3))
  return sum
}

/** products[r] = G · residuals[r] of the rows of a tile. */
function multiply(products: usize, residuals: usize, gram: usize, n: i32): void {
  let k = 0
  for (; k + 4 <= n; k += 4) {
    let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
    let at = gram + (<usize>k << 2)
    let p = residuals
    for (let j = 0; j < n; j++) {
      const g = v128.load(at)
      const low = f64x2.promote_low_f32x4(g)
      const high = promoteHigh(g)
      let x = v128.load64_splat(p)
      a0 = madd64(x, low, a0)
      a1 = madd64(x, high, a1)
      x = v128.load64_splat(p + step)
      b0 = madd64(x, low, b0)
      b1 = madd64(x, high, b1)
      x = v128.load64_splat(p + 2 * step)
      c0 = madd64(x, low, c0)
      c1 = madd64(x, high, c1)
      x = v128.load64_splat(p + 3 * step)
      d0 = madd64(x, low, d0)
      d1 = madd64(x, high, d1)
      at += <usize>n << 2
      p += 8
    }
    const out = products + (<usize>k << 3)
    v128.store(out, a0)
    v128.store(out, a1, 16)
    v128.store(out + step, b0)
    v128.store(out + step, b1, 16)
    v128.store(out + 2 * step, c0)
    v128.store(out + 2 * step, c1, 16)
    v128.store(out + 3 * step, d0)
    v128.store(out + 3 * step, d1, 16)
  }
  for (; k < n; k++)
    for (let r = 0; r < tile; r++) {
      let sum: f64 = 0
      for (let j = 0; j < n; j++) {
        const g = <f64>load<f32>(gram + ((<usize>j * <usize>n + <usize>k) << 2))
        sum += g * load<f64>(residuals + step * r + (<usize>j << 3))
      }
      store<f64>(products + step * r + (<usize>k << 3), sum)
    }
}
