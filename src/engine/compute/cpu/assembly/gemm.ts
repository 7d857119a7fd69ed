// Matrix product without BLAS: packed panels and a 4×8 micro-kernel (8 accumulators: V8 spills beyond that).
//
// Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a block of op(b) [kc, nc] is packed
// into panels of 8 columns, a block of op(a) [mc, kc] into panels of 4 rows, both padded with zeros.
import { madd } from './simd'

const mc: i32 = 64
const kc: i32 = 256
const nc: i32 = 512

/**
 * Packs `lines` (at most 4) lines of `depth` elements, times alpha, as columns of `to`: element p of line r goes to
 * to + p · outStep + 4r. Missing lines are zeros. Steps are in bytes.
 */
function packQuad(
  to: usize, outStep: usize, from: usize, lineStep: usize, depthStep: usize, lines: i32, depth: i32, alpha: f32,
): void {
  let p = 0
  if (lines == 4 && lineStep == 4) {
    for (; p < depth; p++) {
      v128.store(to, f32x4.mul(f32x4.splat(alpha), v128.load(from)))
      to += outStep
      from += depthStep
    }
    return
  }
  if (lines == 4 && depthStep == 4)
    for (; p + 4 <= depth; p += 4) {
      transpose(to, outStep, from, lineStep, alpha)
      to += 4 * outStep
      from += 16
    }
  for (; p < depth; p++) {
    for (let r = 0; r < 4; r++)
      store<f32>(to + (<usize>r << 2), r < lines ? alpha * load<f32>(from + <usize>r * lineStep) : 0)
    to += outStep
    from += depthStep
  }
}

/** Four lines of four elements become four columns. */
// @ts-ignore: decorator
@inline
function transpose(to: usize, outStep: usize, from: usize, lineStep: usize, alpha: f32): void {
  const scale = f32x4.splat(alpha)
  const l0 = f32x4.mul(scale, v128.load(from))
  const l1 = f32x4.mul(scale, v128.load(from + lineStep))
  const l2 = f32x4.mul(scale, v128.load(from + 2 * lineStep))
  const l3 = f32x4.mul(scale, v128.load(from + 3 * lineStep))
  const a = i32x4.shuffle(l0, l1, 0, 4, 1, 5)
  const b = i32x4.shuffle(l0, l1, 2, 6, 3, 7)
  const c = i32x4.shuffle(l2, l3, 0, 4, 1, 5)
  const d = i32x4.shuffle(l2, l3, 2, 6, 3, 7)
  v128.store(to, i64x2.shuffle(a, c, 0, 2))
  v128.store(to + outStep, i64x2.shuffle(a, c, 1, 3))
  v128.store(to + 2 * outStep, i64x2.shuffle(b, d, 0, 2))
  v128.store(to + 3 * outStep, i64x2.shuffle(b, d, 1, 3))
}

/** Packs op(a), `rows` × `depth`, times alpha, into panels [rows/4][depth][4]. */
function packA(to: usize, a: usize, lda: i32, trans: bool, rows: i32, depth: i32, alpha: f32): void {
  const rowStep: usize = (trans ? 1 : <usize>lda) << 2
  const depthStep: usize = (trans ? <usize>lda : 1) << 2
  for (let i = 0; i < rows; i += 4) {
    packQuad(to, 16, a + <usize>i * rowStep, rowStep, depthStep, min(4, rows - i), depth, alpha)
    to += <usize>depth << 4
  }
}

/** Packs op(b), `depth` × `columns`, into panels [columns/8][depth][8]. */
function packB(to: usize, b: usize, ldb: i32, trans: bool, columns: i32, depth: i32): void {
  const columnStep: usize = (trans ? <usize>ldb : 1) << 2
  const depthStep: usize = (trans ? 1 : <usize>ldb) << 2
  for (let j = 0; j < columns; j += 8) {
    const from = b + <usize>j * columnStep
    packQuad(to, 32, from, columnStep, depthStep, min(4, columns - j), depth, 1)
    packQuad(to + 16, 32, from + 4 * columnStep, columnStep, depthStep, max(0, min(4, columns - j - 4)), depth, 1)
    to += <usize>depth << 5
  }
}

// @ts-ignore: decorator
@inline
function storeRow(c: usize, x: v128, y: v128, beta: f32): void {
  if (beta != 0) {
    const scale = f32x4.splat(beta)
    x = f32x4.add(x, f32x4.mul(scale, v128.load(c)))
    y = f32x4.add(y, f32x4.mul(scale, v128.load(c, 16)))
  }
  v128.store(c, x)
  v128.store(c, y, 16)
}

/** c[4,8] = a · b + beta · c over one panel of each. */
function kernel(a: usize, b: usize, depth: i32, c: usize, ldc: i32, beta: f32): void {
  let x0 = f32x4.splat(0), y0 = x0, x1 = x0, y1 = x0, x2 = x0, y2 = x0, x3 = x0, y3 = x0
  const end = b + (<usize>depth << 5)
  while (b < end) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let s = v128.load32_splat(a)
    x0 = madd(s, b0, x0)
    y0 = madd(s, b1, y0)
    s = v128.load32_splat(a, 4)
    x1 = madd(s, b0, x1)
    y1 = madd(s, b1, y1)
    s = v128.load32_splat(a, 8)
    x2 = madd(s, b0, x2)
    y2 = madd(s, b1, y2)
    s = v128.load32_splat(a, 12)
    x3 = madd(s, b0, x3)
    y3 = madd(s, b1, y3)
    a += 16
    b += 32
  }
  const step: usize = <usize>ldc << 2
  storeRow(c, x0, y0, beta)
  storeRow(c + step, x1, y1, beta)
  storeRow(c + 2 * step, x2, y2, beta)
  storeRow(c + 3 * step, x3, y3, beta)
}

/** A tile at the edge: computed whole into `tile`, then its rows × columns are copied. */
function edge(a: usize, b: usize, depth: i32, c: usize, ldc: i32, beta: f32, rows: i32, columns: i32, tile: usize): void {
  kernel(a, b, depth, tile, 8, 0)
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < columns; j++) {
      const at = c + ((<usize>r * <usize>ldc + <usize>j) << 2)
      const x = load<f32>(tile + (<usize>(r * 8 + j) << 2))
      store<f32>(at, beta != 0 ? x + beta * load<f32>(at) : x)
    }
}

function block(a: usize, b: usize, rows: i32, columns: i32, depth: i32, c: usize, ldc: i32, beta: f32, tile: usize): void {
  for (let j = 0; j < columns; j += 8) {
    const panelB = b + ((<usize>j * <usize>depth) << 2)
    for (let i = 0; i < rows; i += 4) {
      const panelA = a + ((<usize>i * <usize>depth) << 2)
      const to = c + ((<usize>i * <usize>ldc + <usize>j) << 2)
      if (rows - i >= 4 && columns - j >= 8) kernel(panelA, panelB, depth, to, ldc, beta)
      else edge(panelA, panelB, depth, to, ldc, beta, min(4, rows - i), min(8, columns - j), tile)
    }
  }
}

/** Bytes of `pack` that `sgemm` needs. */
export function sgemmPackBytes(): i32 {
  return 4 * (mc * kc + nc * kc + 32)
}

/** c[m,n] = alpha · op(a) · op(b) + beta · c, row-major, leading dimensions in elements; one thread. */
export function sgemm(
  transA: bool, transB: bool, m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32,
  beta: f32, c: usize, ldc: i32, pack: usize,
): void {
  const packedB = pack + ((<usize>mc * <usize>kc) << 2)
  const tile = packedB + ((<usize>nc * <usize>kc) << 2)
  for (let j = 0; j < n; j += nc) {
    const columns = min(nc, n - j)
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p)
      const fromB = transB ? <usize>j * <usize>ldb + <usize>p : <usize>p * <usize>ldb + <usize>j
      packB(packedB, b + (fromB << 2), ldb, transB, columns, depth)
      for (let i = 0; i < m; i += mc) {
        const rows = min(mc, m - i)
        const fromA = transA ? <usize>p * <usize>lda + <usize>i : <usize>i * <usize>lda + <usize>p
        packA(pack, a + (fromA << 2), lda, transA, rows, depth, alpha)
        const to = c + ((<usize>i * <usize>ldc + <usize>j) << 2)
        block(pack, packedB, rows, columns, depth, to, ldc, p == 0 ? beta : 1, tile)
      }
    }
  }
}
