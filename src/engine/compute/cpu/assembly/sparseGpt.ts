// SparseGPT's sweep (docs/methods.md, "SparseGPT") over a tile of up to 16 rows: rows are lanes, columns go left to right.
// Left-looking: a column receives all earlier errors of its block when its turn comes, from registers.
import { rankOf } from './selectGroups'
import { madd } from './simd'

/** Columns that receive the errors of earlier columns together. With N:M it is M, so that a group is chosen on updated weights. */
const panelWidth: i32 = 8

const signless: i32 = 0x7fffffff

/** Bytes of scratch: the tile and its pruned lanes, and the scores of one group. */
export function sparseGptScratch(columns: i32, group: i32): i32 {
  return 64 * (2 * columns + group)
}

/** tile[j][r] = weight[r][j]; lanes without a row are 0. */
function loadTile(tile: usize, weight: usize, ldw: i32, rows: i32, columns: i32): void {
  memory.fill(tile, 0, <usize>columns << 6)
  for (let r = 0; r < rows; r++) {
    const row = weight + ((<usize>r * <usize>ldw) << 2)
    const lane = tile + (<usize>r << 2)
    for (let j = 0; j < columns; j++) store<f32>(lane + (<usize>j << 6), load<f32>(row + (<usize>j << 2)))
  }
}

function storeTile(tile: usize, weight: usize, ldw: i32, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    const row = weight + ((<usize>r * <usize>ldw) << 2)
    const lane = tile + (<usize>r << 2)
    for (let j = 0; j < columns; j++) store<f32>(row + (<usize>j << 2), load<f32>(lane + (<usize>j << 6)))
  }
}

/** pruned[j][r] = all ones where the mask's bit of column first + j is 0. */
function loadMask(pruned: usize, mask: usize, words: i32, first: i32, rows: i32, columns: i32): void {
  memory.fill(pruned, 0, <usize>columns << 6)
  for (let r = 0; r < rows; r++) {
    const bits = mask + ((<usize>r * <usize>words) << 2)
    const lane = pruned + (<usize>r << 2)
    for (let j = 0; j < columns; j++) {
      const c = first + j
      store<i32>(lane + (<usize>j << 6), ((load<i32>(bits + (<usize>(c >> 5) << 2)) >>> (c & 31)) & 1) - 1)
    }
  }
}

function storeMask(pruned: usize, mask: usize, words: i32, first: i32, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    const bits = mask + ((<usize>r * <usize>words) << 2)
    const lane = pruned + (<usize>r << 2)
    for (let j = 0; j < columns; j++) {
      const c = first + j
      const at = bits + (<usize>(c >> 5) << 2)
      const bit = 1 << (c & 31)
      const drop = load<i32>(lane + (<usize>j << 6)) & bit
      store<i32>(at, (load<i32>(at) | bit) ^ drop)
    }
  }
}

/** tile[j] −= Σ errors[l]·u[l][j] over l in [from, to), for columns j and, if `two`, j + 1. */
function receive(
  tile: usize, errors: usize, lde: i32, u: usize, ldu: i32, j: i32, from: i32, to: i32, two: bool,
): void {
  const x = tile + (<usize>j << 6)
  let a0 = v128.load(x), a1 = v128.load(x, 16), a2 = v128.load(x, 32), a3 = v128.load(x, 48)
  let e = errors + ((<usize>from * <usize>lde) << 2)
  let at = u + ((<usize>from * <usize>ldu + <usize>j) << 2)
  const stepE: usize = <usize>lde << 2
  const stepU: usize = <usize>ldu << 2
  if (!two) {
    for (let l = from; l < to; l++) {
      const s = f32x4.splat(-load<f32>(at))
      a0 = madd(v128.load(e), s, a0)
      a1 = madd(v128.load(e, 16), s, a1)
      a2 = madd(v128.load(e, 32), s, a2)
      a3 = madd(v128.load(e, 48), s, a3)
      e += stepE
      at += stepU
    }
  } else {
    let b0 = v128.load(x, 64), b1 = v128.load(x, 80), b2 = v128.load(x, 96), b3 = v128.load(x, 112)
    for (let l = from; l < to; l++) {
      const s = f32x4.splat(-load<f32>(at))
      const t = f32x4.splat(-load<f32>(at, 4))
      let y = v128.load(e)
      a0 = madd(y, s, a0)
      b0 = madd(y, t, b0)
      y = v128.load(e, 16)
      a1 = madd(y, s, a1)
      b1 = madd(y, t, b1)
      y = v128.load(e, 32)
      a2 = madd(y, s, a2)
      b2 = madd(y, t, b2)
      y = v128.load(e, 48)
      a3 = madd(y, s, a3)
      b3 = madd(y, t, b3)
      e += stepE
      at += stepU
    }
    v128.store(x, b0, 64)
    v128.store(x, b1, 80)
    v128.store(x, b2, 96)
    v128.store(x, b3, 112)
  }
  v128.store(x, a0)
  v128.store(x, a1, 16)
  v128.store(x, a2, 32)
  v128.store(x, a3, 48)
}

/** Marks the `zeros` smallest |w|/d of columns [j, j + group) in every lane; of equal ones the first. */
function chooseGroup(
  tile: usize, pruned: usize, scale: usize, j: i32, zeros: i32, group: i32, scores: usize,
): void {
  for (let i = 0; i < group; i++) {
    const s = v128.load32_splat(scale + (<usize>(j + i) << 2))
    for (let part: usize = 0; part < 64; part += 16)
      v128.store(
        scores + (<usize>i << 6) + part,
        v128.and(f32x4.mul(v128.load(tile + (<usize>(j + i) << 6) + part), s), i32x4.splat(signless)),
      )
  }
  for (let i = 0; i < group; i++)
    for (let part: usize = 0; part < 64; part += 16) {
      const rank = rankOf(scores + part, 6, i, group)
      v128.store(pruned + (<usize>(j + i) << 6) + part, i32x4.lt_s(rank, i32x4.splat(zeros)))
    }
}

/** Splits a column into the weights that stay in the tile and the errors w/d of the pruned ones; returns `squares` + their squares. */
// @ts-ignore: decorator
@inline
function splitColumn(tile: usize, pruned: usize, errors: usize, d: f32, squares: v128): v128 {
  const divisor = f32x4.splat(d)
  for (let part: usize = 0; part < 64; part += 16) {
    const w = v128.load(tile + part)
    const drop = v128.load(pruned + part)
    const error = f32x4.div(v128.and(w, drop), divisor)
    v128.store(errors + part, error)
    v128.store(tile + part, v128.andnot(w, drop))
    squares = madd(error, error, squares)
  }
  return squares
}

/**
 * Sweeps `rows` ≤ 16 rows of weight[·][first + j], j < columns, in place. `u` is at U[first][first], `scale` (1/d) at
 * column `first`, `errors` [columns][lde] at the tile's first row. group = 0: the mask is given. Adds Σ error² to the f64 at `sum`.
 */
export function sparseGptTile(
  rows: i32, weight: usize, ldw: i32, mask: usize, words: i32, first: i32, columns: i32, u: usize, ldu: i32,
  scale: usize, zeros: i32, group: i32, errors: usize, lde: i32, sum: usize, scratch: usize,
): void {
  const tile = scratch
  const pruned = tile + (<usize>columns << 6)
  const scores = pruned + (<usize>columns << 6)
  loadTile(tile, weight, ldw, rows, columns)
  if (group == 0) loadMask(pruned, mask, words, first, rows, columns)
  let squares = f32x4.splat(0)
  const panel = group == 0 ? panelWidth : group
  for (let p = 0; p < columns; p += panel) {
    const end = min(p + panel, columns)
    if (p > 0)
      for (let j = p; j < end; j += 2) receive(tile, errors, lde, u, ldu, j, 0, p, j + 1 < end)
    if (group > 0) chooseGroup(tile, pruned, scale, p, zeros, group, scores)
    for (let j = p; j < end; j++) {
      if (j > p) receive(tile, errors, lde, u, ldu, j, p, j, false)
      const at = <usize>j << 6
      const d = load<f32>(u + ((<usize>j * <usize>ldu + <usize>j) << 2))
      squares = splitColumn(tile + at, pruned + at, errors + ((<usize>j * <usize>lde) << 2), d, squares)
    }
  }
  storeTile(tile, weight, ldw, rows, columns)
  if (group > 0) storeMask(pruned, mask, words, first, rows, columns)
  const total =
    <f64>f32x4.extract_lane(squares, 0) + <f64>f32x4.extract_lane(squares, 1) +
    (<f64>f32x4.extract_lane(squares, 2) + <f64>f32x4.extract_lane(squares, 3))
  store<f64>(sum, load<f64>(sum) + total)
}
