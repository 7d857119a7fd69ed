// The upper U with Uᵀ·U = H⁻¹, as on the CPU (../../../cpu/prune/factor.ts): H = R·Rᵀ with R upper, from the last panel on,
// and U = R⁻¹, in place. A panel's own block is one workgroup's work, all else are matrix products. Operands of products
// are copied out of the matrix first, since nothing may be bound for reading and for writing at once.
import type { Kernels } from '../../../kernels.ts'
import { slice, type Tensor } from '../../../tensor.ts'
import { pieces, type Gpu } from '../../gpu.ts'
import { defineShader, gridOf, groupSize, variant } from '../../shader.ts'
import { perElement } from '../elementwise.ts'
import { multiply, product } from '../gemm/multiply.ts'
import { rowWindows } from './score.ts'

/** Rows and columns of a panel; at most `groupSize`. */
export const factorPanelWidth = 128

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

/** Zeros left of a panel, where updates of whole rectangles have left something. */
const clearLeft = perElement(
  'pruneClearLeft',
  { y: 'rw f32' },
  { columns: 'u32', n: 'u32' },
  'y[p.yAt + (i / p.columns) * p.n + i % p.columns] = 0.0;',
)

/** s[n,n] = R·Rᵀ becomes R⁻¹, zeros below the diagonal; r is scratch, row c holds column c of R. */
const factorBlock = defineShader(
  'pruneFactorBlock',
  { s: 'rw f32', r: 'rw f32', bad: 'rw u32' },
  { n: 'u32' },
  /* wgsl */ `
@compute @workgroup_size(${groupSize})
fn main(@builtin(local_invocation_index) local: u32) {
  let n = p.n;
  for (var step = 0u; step < n; step++) {
    let c = n - 1u - step;
    let pivot = s[p.sAt + c * n + c];
    // Positive and finite, without a comparison that a driver may assume to be one of numbers.
    let pattern = bitcast<u32>(pivot);
    if (local == 0u && (pattern == 0u || pattern >= 0x7f800000u)) { bad[p.badAt] = 1u; }
    let root = sqrt(pivot);
    for (var i = local; i <= c; i += ${groupSize}u) { r[p.rAt + c * n + i] = select(s[p.sAt + i * n + c] / root, root, i == c); }
    storageBarrier();
    for (var i = local / 16u; i < c; i += ${groupSize / 16}u) {
      let factor = r[p.rAt + c * n + i];
      for (var j = i + local % 16u; j < c; j += 16u) { s[p.sAt + i * n + j] -= factor * r[p.rAt + c * n + j]; }
    }
    storageBarrier();
  }
  // Columns of the inverse do not depend on each other.
  let j = local;
  if (j >= n) { return; }
  for (var step = 0u; step < n; step++) {
    let i = n - 1u - step;
    var value = select(0.0, 1.0, i == j);
    for (var l = i + 1u; l <= j; l++) { value -= r[p.rAt + l * n + i] * s[p.sAt + l * n + j]; }
    s[p.sAt + i * n + j] = select(value / r[p.rAt + i * n + i], 0.0, i > j);
  }
}
`,
)

const variants = { copy: variant(copyUpper), clear: variant(clearLeft), block: variant(factorBlock) }
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

/** Columns per rectangle of the updates, which skip the lower triangle except inside a rectangle. */
const stair = 1024

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
  const from = (t: Tensor, start: number) => slice(t, start, [t.length - start])
  const at = (row: number, column: number) => from(a, row * n + column)
  /** A rectangle of the matrix to compact scratch, or back. */
  const out = (row: number, column: number, height: number, columns: number) => {
    const part = gpu.scratch([height, columns])
    copy(part, a, { ...block(height, columns), outRow: columns, inRow: n, inOffset: row * n + column })
    return part
  }
  const back = (part: Tensor, row: number, column: number) =>
    copy(a, part, {
      ...block(part.shape[0], part.shape[1]),
      outRow: n,
      inRow: part.shape[1],
      outOffset: row * n + column,
    })

  const inverse = out(k, k, width, width)
  const tensors = [inverse, gpu.scratch([width, width]), bad]
  gpu.run({ variant: variants.block, tensors, params: [width], groups: [1, 1, 1] })
  back(inverse, k, k)
  if (k > 0) {
    clear(gpu, at(k, 0), width, k, n)
    const r = gpu.scratch([k, width])
    multiply(gpu, product(r, out(0, k, k, width), inverse, [k, width, width], { transB: true }))
    back(r, 0, k)
    for (const [start, end] of pieces(k, stair)) {
      const own = from(r, start * width)
      const sizes = [end - start, k - start, width] as [number, number, number]
      multiply(gpu, product(at(start, start), own, own, sizes, { transB: true, alpha: -1, beta: 1, ldc: n }))
    }
  }
  const behind = n - k - width
  if (behind === 0) return
  const r = out(k, k + width, width, behind)
  const product1 = gpu.scratch([width, behind])
  for (const [start, end] of pieces(behind, stair)) {
    const u = at(k + width, k + width + start)
    const strides = { lda: behind, ldb: n, ldc: behind }
    multiply(gpu, product(from(product1, start), r, u, [width, end - start, end], strides))
  }
  const strides = { ldb: behind, ldc: n }
  multiply(gpu, product(at(k, k + width), inverse, product1, [width, behind, width], { alpha: -1, ...strides }))
}

function clear(gpu: Gpu, y: Tensor, height: number, columns: number, n: number): void {
  for (const [start, end] of pieces(height, Math.max(1, gpu.windowBytes / 4 / n)))
    gpu.run({
      variant: variants.clear,
      tensors: [slice(y, start * n, [(end - start - 1) * n + columns])],
      params: [(end - start) * columns, columns, n],
      groups: gridOf((end - start) * columns),
    })
}

const block = (rows: number, width: number) => ({
  rows,
  groups: 1,
  width,
  outGroup: 0,
  inGroup: 0,
  outOffset: 0,
  inOffset: 0,
})
