// The upper U with Uᵀ·U = H⁻¹, as on the CPU (../../../cpu/prune/factor.ts): H = R·Rᵀ with R upper, from the last columns on,
// and U = R⁻¹, in place. A block of the diagonal is one workgroup's work, all else are matrix products: within a panel by the
// blocks, beside it by whole panels, so that dispatches are few and deep. Nothing may be bound for reading and for writing at
// once, so that each product leaves the matrix, or comes back to it.
import { factorPanelWidth } from '../../../../../catalog/methods/method.ts'
import type { Kernels } from '../../../kernels.ts'
import { slice, type Tensor } from '../../../tensor.ts'
import { defineShader, type Gpu, gridOf, groupSize, pieces, variant } from '../../shader.ts'
import { perElement } from '../elementwise.ts'
import { multiply, product } from '../gemm/multiply.ts'
import { rowWindows } from './scores.ts'

/** Rows and columns of a block of the diagonal: a quarter of `groupSize`, and its triangle fits a workgroup's memory. */
const blockWidth = groupSize / 4

const copyUpper = perElement(
  'pruneCopyUpper',
  { y: 'rw f32', h: 'f32', diagonal: 'f32' },
  { firstRow: 'u32', n: 'u32' },
  /* wgsl */ `
  let row = p.firstRow + i / p.n;
  let column = i % p.n;
  var value = 0.0;
  if (column > row) { value = h[p.hAt + i]; }
  if (column == row) { value = diagonal[p.diagonalAt + row]; }
  y[p.yAt + i] = value;`,
)

/** Zeros below the diagonal of a block, where updates of whole rectangles have left something. */
const clearLower = perElement(
  'pruneClearLower',
  { y: 'rw f32' },
  { firstRow: 'u32', columns: 'u32', n: 'u32' },
  /* wgsl */ `
  let column = i % p.columns;
  if (column < p.firstRow + i / p.columns) { y[p.yAt + (i / p.columns) * p.n + column] = 0.0; }`,
)

/**
 * Replaces the block s[width,width] = R·Rᵀ, whose rows are n apart, by R⁻¹ with zeros below the diagonal; t gets the same. The
 * workgroup's memory holds one triangle: first R, from its last column on, then U = R⁻¹, from its first column on, by
 * U[0:j,j] = −U[0:j,0:j] · R[0:j,j] / R[j,j]. A quarter of the lanes takes every fourth term of such a sum.
 */
const factorBlock = defineShader(
  'pruneFactorBlock',
  { s: 'rw f32', t: 'rw f32', bad: 'rw u32' },
  { width: 'u32', n: 'u32' },
  /* wgsl */ `
const SIDE = ${blockWidth}u;
// Columns of the upper triangle, one behind the other.
var<workgroup> upper: array<f32, ${(blockWidth * (blockWidth + 1)) / 2}>;
var<workgroup> roots: array<f32, SIDE>;
var<workgroup> terms: array<f32, ${groupSize}>;
fn place(i: u32, j: u32) -> u32 { return j * (j + 1u) / 2u + i; }

@compute @workgroup_size(${groupSize})
fn main(@builtin(local_invocation_index) local: u32) {
  let i = local % SIDE;
  let quarter = local / SIDE;
  for (var j = quarter; j < p.width; j += ${groupSize / blockWidth}u) {
    if (i <= j) { upper[place(i, j)] = s[p.sAt + i * p.n + j]; }
  }
  workgroupBarrier();
  for (var step = 0u; step < p.width; step++) {
    let c = p.width - 1u - step;
    let pivot = upper[place(c, c)];
    let root = sqrt(pivot);
    // Positive and finite, without a comparison that a driver may assume to be one of numbers.
    let pattern = bitcast<u32>(pivot);
    if (local == 0u) {
      roots[c] = root;
      if (pattern == 0u || pattern >= 0x7f800000u) { bad[p.badAt] = 1u; }
    }
    if (local < c) { upper[place(local, c)] /= root; }
    workgroupBarrier();
    if (i < c) {
      let own = upper[place(i, c)];
      for (var j = quarter; j < c; j += ${groupSize / blockWidth}u) {
        if (i <= j) { upper[place(i, j)] -= own * upper[place(j, c)]; }
      }
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < p.width; j++) {
    var sum = 0.0;
    if (i < j) {
      for (var l = i + quarter; l < j; l += ${groupSize / blockWidth}u) { sum += upper[place(i, l)] * upper[place(l, j)]; }
    }
    terms[local] = sum;
    workgroupBarrier();
    if (local <= j) {
      let all = terms[i] + terms[i + SIDE] + terms[i + 2u * SIDE] + terms[i + 3u * SIDE];
      upper[place(i, j)] = select(-all, 1.0, i == j) / roots[j];
    }
    workgroupBarrier();
  }
  if (i >= p.width) { return; }
  for (var row = quarter; row < p.width; row += ${groupSize / blockWidth}u) {
    var value = 0.0;
    if (row <= i) { value = upper[place(row, i)]; }
    s[p.sAt + row * p.n + i] = value;
    t[p.tAt + row * p.width + i] = value;
  }
}
`,
)

const variants = { copy: variant(copyUpper), clear: variant(clearLower), block: variant(factorBlock) }

/** a[n,n] = the upper triangle of h with `diagonal` in place of its own. */
export function runFactorBegin(gpu: Gpu, a: Tensor, h: Tensor, diagonal: Tensor): void {
  const n = a.shape[0]
  for (const { part, start, count } of rowWindows(gpu, a))
    gpu.run({
      variant: variants.copy,
      tensors: [part, slice(h, start * n, [count, n]), diagonal],
      params: [count * n, start, n],
      groups: gridOf(count * n),
    })
}

/** The panel of columns [k, k + width); panels go from the last to the first. bad[0] = 1 when it is not positive definite. */
export function runFactorPanel(
  gpu: Gpu,
  { copy }: Pick<Kernels, 'copy'>,
  a: Tensor,
  bad: Tensor,
  k: number,
  width: number,
): void {
  const n = a.shape[0]
  const at = (row: number, column: number) => from(a, row * n + column)
  // R of the panel, and then R·U of the columns behind it.
  const work = gpu.scratch([n, width])
  factorColumns(gpu, a, work, bad, k, width)
  if (k > 0) {
    copy(a, work, { ...matrix(k, width), outRow: n, inRow: width, outOffset: k })
    for (const [start, end] of pieces(k, factorPanelWidth)) {
      const own = from(work, start * width)
      const sizes = [end - start, k - start, width] as [number, number, number]
      multiply(gpu, product(at(start, start), own, own, sizes, { transB: true, alpha: -1, beta: 1, ldc: n }))
    }
  }
  const behind = n - k - width
  if (behind === 0) return
  for (const [start, end] of pieces(behind, factorPanelWidth)) {
    // U is upper: rows from the last of these columns on do not count.
    const u = at(k + width, k + width + start)
    multiply(
      gpu,
      product(from(work, start), at(k, k + width), u, [width, end - start, end], { lda: n, ldb: n, ldc: behind }),
    )
  }
  const inverse = gpu.scratch([width, width])
  copy(inverse, a, { ...matrix(width, width), outRow: width, inRow: n, inOffset: k * n + k })
  multiply(gpu, product(at(k, k + width), inverse, work, [width, behind, width], { alpha: -1, ldc: n }))
}

/**
 * r[k + width, width] = R above the diagonal blocks of the panel, which take each other up from the last on, and U in the panel's own
 * rows of the matrix. Columns before the panel are left to the caller.
 */
function factorColumns(gpu: Gpu, a: Tensor, r: Tensor, bad: Tensor, k: number, width: number): void {
  const n = a.shape[0]
  const at = (row: number, column: number) => from(a, row * n + column)
  const side = Math.min(blockWidth, width)
  const [inverse, spread] = [side, width].map((reach) => gpu.scratch([side, reach]))
  clear(gpu, at(k, k), width, n)
  for (let start = Math.floor((width - 1) / blockWidth) * blockWidth; start >= 0; start -= blockWidth) {
    const c = k + start
    const own = Math.min(blockWidth, width - start)
    const behind = width - start - own
    const done = start + own
    if (behind > 0) {
      const strides = { lda: width, ldb: width, ldc: n }
      const sizes = [c + own, own, behind] as [number, number, number]
      const rows = from(r, c * width + done)
      multiply(gpu, product(at(0, c), from(r, done), rows, sizes, { transB: true, alpha: -1, beta: 1, ...strides }))
    }
    const block = slice(a, c * n + c, [(own - 1) * (n + 1) + 1])
    const tensors = [block, inverse, bad]
    gpu.run({ variant: variants.block, tensors, params: [own, n], groups: [1, 1, 1] })
    if (c > 0)
      multiply(gpu, product(from(r, start), at(0, c), inverse, [c, own, own], { transB: true, lda: n, ldc: width }))
    if (behind === 0) continue
    const u = at(c + own, c + own)
    multiply(gpu, product(spread, from(r, c * width + done), u, [own, behind, behind], { lda: width, ldb: n }))
    multiply(gpu, product(at(c, c + own), inverse, spread, [own, behind, own], { alpha: -1, ldc: n }))
  }
}

/** The block [width, width] at the beginning of y, with rows of n. */
function clear(gpu: Gpu, y: Tensor, width: number, n: number): void {
  for (const [start, end] of pieces(width, Math.max(1, gpu.windowBytes / 4 / n)))
    gpu.run({
      variant: variants.clear,
      tensors: [slice(y, start * n, [(end - start - 1) * n + width])],
      params: [(end - start) * width, start, width, n],
      groups: gridOf((end - start) * width),
    })
}

const from = (t: Tensor, start: number) => slice(t, start, [t.length - start])

const matrix = (rows: number, width: number) => ({
  ...{ rows, width, groups: 1 },
  ...{ outGroup: 0, inGroup: 0, outOffset: 0, inOffset: 0 },
})
