// The upper U with Uᵀ·U = H⁻¹, as on the CPU (../../../cpu/prune/factor.ts): H = R·Rᵀ with R upper, from the last columns on,
// and U = R⁻¹, in place. Within a panel, one dispatch computes a block of the diagonal and all above it. The rest are matrix products of
// whole panels, which keeps dispatches few and deep. WebGPU binds no buffer for reading and writing at once: each product reads from
// the matrix and writes elsewhere, or the reverse.
import { factorPanelWidth } from '../../../../../catalog/methods/method.ts'
import type { Kernels } from '../../../kernels.ts'
import type { Tensor } from '../../../tensor.ts'
import { defineVariant, four, type Gpu, groupSize, perElement, pieces, rowWindows, runEach } from '../../shader.ts'
import { matrixCopy } from '../copies.ts'
import { from, matrixOf, multiply, product, runProduct } from '../gemm/multiply.ts'
import type { PruneOps } from './index.ts'

/** Rows and columns of a block of the diagonal: a quarter of `groupSize`, and its triangle fits a workgroup's memory. */
const side = groupSize / 4
/** Columns that are updated from those behind them by one product. Within them, each block is updated by itself. */
const stripWidth = 4 * side

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

/**
 * A block of the diagonal and the columns above it, with a workgroup for each `side` rows. Every workgroup updates the block from the
 * `behind` columns, factors it as R·Rᵀ and inverts R: that costs less than waiting for another workgroup. Then its rows of the columns
 * become r = A·R⁻ᵀ. The workgroup of the block itself writes `inverse` = R⁻¹, with zeros below the diagonal. The workgroup's memory
 * contains one triangle: first R, from its last column on, then U = R⁻¹, from its first column on, by
 * U[0:j,j] = −U[0:j,0:j] · R[0:j,j] / R[j,j]. A quarter of the lanes computes every fourth term of such a sum.
 */
const factorColumns = defineVariant(
  'pruneFactorColumns',
  { r: 'rw f32', inverse: 'rw f32', bad: 'rw u32', above: 'f32', block: 'f32' },
  { width: 'u32', behind: 'u32', n: 'u32', panel: 'u32', corner: 'u32', start: 'u32', firstTile: 'u32' },
  /* wgsl */ `
const SIDE = ${side}u;
const DEPTH = 8u;
// Lanes that write eight columns, and those that read one, meet in no bank.
const ROW = SIDE + 4u;
// Columns of the upper triangle, one behind the other.
var<workgroup> upper: array<f32, ${(side * (side + 1)) / 2}>;
var<workgroup> roots: array<f32, SIDE>;
var<workgroup> terms: array<f32, ${groupSize}>;
var<workgroup> tileRows: array<f32, DEPTH * ROW>;
var<workgroup> blockRows: array<f32, DEPTH * ROW>;
fn place(i: u32, j: u32) -> u32 { return j * (j + 1u) / 2u + i; }
fn behind(row: u32, k: u32) -> f32 {
  let value = r[p.rAt + row * p.panel + p.start + p.width + min(k, p.behind - 1u)];
  return select(0.0, value, k < p.behind);
}

fn factor(local: u32, isBlock: bool) {
  let i = local % SIDE;
  let quarter = local / SIDE;
  for (var step = 0u; step < p.width; step++) {
    let c = p.width - 1u - step;
    let pivot = upper[place(c, c)];
    let root = sqrt(pivot);
    // Positive and finite, without a comparison that a driver may assume to be one of numbers.
    let pattern = bitcast<u32>(pivot);
    if (local == 0u) {
      roots[c] = root;
      if (isBlock && (pattern == 0u || pattern >= 0x7f800000u)) { bad[p.badAt] = 1u; }
    }
    if (local < c) { upper[place(local, c)] /= root; }
    workgroupBarrier();
    if (i < c) {
      let own = upper[place(i, c)];
      for (var j = quarter; j < c; j += ${groupSize / side}u) {
        if (i <= j) { upper[place(i, j)] -= own * upper[place(j, c)]; }
      }
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < p.width; j++) {
    var sum = 0.0;
    if (i < j) {
      for (var l = i + quarter; l < j; l += ${groupSize / side}u) { sum += upper[place(i, l)] * upper[place(l, j)]; }
    }
    terms[local] = sum;
    workgroupBarrier();
    if (local <= j) {
      let all = terms[i] + terms[i + SIDE] + terms[i + 2u * SIDE] + terms[i + 3u * SIDE];
      upper[place(i, j)] = select(-all, 1.0, i == j) / roots[j];
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row0 = (p.firstTile + group.x) * SIDE;
  let isBlock = row0 == p.corner;
  let lastRow = select(SIDE, p.width, isBlock) - 1u;
  // A lane has rows down + 16i and columns across + 16j of the tile, and of the block.
  let down = local / 16u;
  let across = local % 16u;
${four((i) => `  var t${i} = vec4f();\n  var d${i} = vec4f();`)}
  for (var k0 = 0u; k0 < p.behind; k0 += DEPTH) {
    for (var row = local / DEPTH; row < SIDE; row += ${groupSize}u / DEPTH) {
      let at = (local % DEPTH) * ROW + row;
      tileRows[at] = behind(row0 + min(row, lastRow), k0 + local % DEPTH);
      blockRows[at] = behind(p.corner + min(row, p.width - 1u), k0 + local % DEPTH);
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let at = k * ROW + across;
      let right = vec4f(blockRows[at], blockRows[at + 16u], blockRows[at + 32u], blockRows[at + 48u]);
${four((i) => `      t${i} += tileRows[k * ROW + down + ${16 * i}u] * right;\n      d${i} += blockRows[k * ROW + down + ${16 * i}u] * right;`)}
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < 4u; j++) {
    let column = across + 16u * j;
    if (column >= p.width) { continue; }
${four(
  (i) => `    if (down + ${16 * i}u <= column) {
      upper[place(down + ${16 * i}u, column)] = block[p.blockAt + (down + ${16 * i}u) * p.n + column] - d${i}[j];
    }`,
)}
  }
  workgroupBarrier();
  factor(local, isBlock);
  if (isBlock) {
    let column = local % SIDE;
    for (var row = local / SIDE; row < p.width && column < p.width; row += ${groupSize / side}u) {
      var value = 0.0;
      if (row <= column) { value = upper[place(row, column)]; }
      inverse[p.inverseAt + (p.start + row) * p.panel + p.start + column] = value;
    }
    return;
  }
${four((i) => `  var x${i} = vec4f();`)}
  for (var l0 = 0u; l0 < p.width; l0 += DEPTH) {
    let own = l0 + across % DEPTH;
    if (across / DEPTH == (l0 / DEPTH) % 2u) {
${four(
  (i) =>
    `      tileRows[(across % DEPTH) * ROW + down + ${16 * i}u] = above[p.aboveAt + (group.x * SIDE + down + ${16 * i}u) * p.n + own] - t${i}[l0 / 16u];`,
)}
    }
    workgroupBarrier();
    for (var l = l0; l < min(l0 + DEPTH, p.width); l++) {
      var u = vec4f();
      for (var j = 0u; j < 4u; j++) {
        let column = across + 16u * j;
        if (column <= l) { u[j] = upper[place(column, l)]; }
      }
${four((i) => `      x${i} += tileRows[(l - l0) * ROW + down + ${16 * i}u] * u;`)}
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < 4u; j++) {
    let at = p.rAt + (row0 + down) * p.panel + p.start + across + 16u * j;
    if (across + 16u * j < p.width) {
${four((i) => `      r[at + ${16 * i}u * p.panel] = x${i}[j];`)}
    }
  }
}
`,
)

export function factorOf(
  gpu: Gpu,
  kernels: Pick<Kernels, 'copy' | 'fill'>,
): Pick<PruneOps, 'factorBegin' | 'factorPanel'> {
  return {
    factorBegin(a, h, diagonal) {
      const n = a.shape[0]
      for (const { start, count, cut } of rowWindows(gpu, n, n))
        runEach(gpu, copyUpper, count * n, [cut(a), cut(h), diagonal], [start, n])
    },
    factorPanel: (a, bad, k, width) => factorPanel(gpu, kernels, a, bad, k, width),
  }
}

/** The panel of columns [k, k + width); panels go from the last to the first. bad[0] = 1 when it is not positive definite. */
function factorPanel(
  gpu: Gpu,
  kernels: Pick<Kernels, 'copy' | 'fill'>,
  a: Tensor,
  bad: Tensor,
  k: number,
  width: number,
): void {
  const n = a.shape[0]
  // A dispatch reads and writes R of the panel in one binding. If that is too large, panels are narrower, by a power of two.
  const fit = Math.min(factorPanelWidth, gpu.reachBytes / 4 / n) / side
  const most = side * 2 ** Math.max(0, Math.floor(Math.log2(fit)))
  if (width > most) {
    for (let start = Math.floor((width - 1) / most) * most; start >= 0; start -= most)
      factorPanel(gpu, kernels, a, bad, k + start, Math.min(most, width - start))
    return
  }
  const { copy, fill } = kernels
  const at = (row: number, column: number) => from(a, row * n + column)
  // R of the panel, and then R·U of the columns behind it.
  const work = gpu.scratch([n, width])
  const inverse = gpu.scratch([width, width])
  fill(inverse, 0)
  factorBlocks(gpu, a, work, inverse, bad, k, width)
  invert(gpu, kernels, inverse, from(work, k * width), width)
  copy(a, inverse, matrixCopy([width, width], [n, width], [k * n + k, 0]))
  if (k > 0) {
    copy(a, work, matrixCopy([k, width], [n, width], [k, 0]))
    // These rectangles also write below the diagonal, but only inside the diagonal blocks of panels, which are overwritten whole later.
    for (const [start, end] of pieces(k, most)) {
      const own = from(work, start * width)
      const sizes = [end - start, k - start, width] as [number, number, number]
      multiply(gpu, product(at(start, start), own, own, sizes, { transB: true, alpha: -1, beta: 1, ldc: n }))
    }
  }
  const behind = n - k - width
  if (behind === 0) return
  for (const [start, end] of pieces(behind, factorPanelWidth)) {
    // U is upper triangular: its rows after the last of these columns are zero there, so the depth ends at `end`.
    const u = at(k + width, k + width + start)
    multiply(
      gpu,
      product(from(work, start), at(k, k + width), u, [width, end - start, end], { lda: n, ldb: n, ldc: behind }),
    )
  }
  multiply(gpu, product(at(k, k + width), inverse, work, [width, behind, width], { alpha: -1, ldc: n }))
}

/**
 * r[k + width, width] = R above the diagonal blocks of the panel, from the last block on, and the diagonal blocks of
 * inverse[width, width]. The caller updates the columns before the panel.
 */
function factorBlocks(gpu: Gpu, a: Tensor, r: Tensor, inverse: Tensor, bad: Tensor, k: number, width: number): void {
  const n = a.shape[0]
  const at = (row: number, column: number) => from(a, row * n + column)
  for (let first = Math.floor((width - 1) / stripWidth) * stripWidth; first >= 0; first -= stripWidth) {
    const last = Math.min(width, first + stripWidth)
    if (last < width) {
      const strides = { lda: width, ldb: width, ldc: n }
      const rows = from(r, (k + first) * width + last)
      const sizes = [k + last, last - first, width - last] as [number, number, number]
      const taken = { transB: true, alpha: -1, beta: 1, ...strides } as const
      multiply(gpu, product(at(0, k + first), from(r, last), rows, sizes, taken))
    }
    for (let start = first + Math.floor((last - first - 1) / side) * side; start >= first; start -= side) {
      const c = k + start
      const own = Math.min(side, width - start)
      const behind = last - start - own
      const flops = 4 * side * side * (behind + side)
      const most = Math.max(1, Math.floor(Math.min(gpu.reachBytes / 4 / n / side, gpu.flopsPerDispatch / flops)))
      for (const [tile, end] of pieces(c / side + 1, most))
        gpu.run({
          variant: factorColumns,
          tensors: [
            ...[r, inverse, bad, matrixOf(at(tile * side, c), Math.min(end * side, c + own) - tile * side, own, n)],
            matrixOf(at(c, c), own, own, n),
          ],
          params: [own, behind, n, width, c, start, tile],
          groups: [end - tile, 1, 1],
          flops: flops * (end - tile),
        })
    }
  }
}

/**
 * v[width, width] has the inverses of R's diagonal blocks and becomes R⁻¹: for neighbouring blocks A and C, with B of R right of A and
 * above C, the same place in v becomes −A⁻¹·B·C⁻¹. All pairs of one size are computed at once.
 */
function invert(gpu: Gpu, { copy }: Pick<Kernels, 'copy'>, v: Tensor, r: Tensor, width: number): void {
  const most = Math.ceil(width ** 2 / 4)
  const [left, made] = [gpu.scratch([most]), gpu.scratch([most])]
  for (let size = side; size < width; size *= 2) {
    const pairs = Math.floor(width / (2 * size))
    const rest = width - 2 * size * pairs
    const next = 2 * size * (width + 1)
    for (const [first, count, behind] of [
      [0, pairs, size],
      [pairs, 1, rest - size],
    ]) {
      if (count === 0 || behind <= 0) continue
      const start = first * next
      const own = size * behind
      const sizes = [size, behind, size] as [number, number, number]
      const above = product(left, from(v, start), from(r, start + size), sizes, { lda: width, ldb: width })
      runProduct(gpu, above, { count, a: next, b: next, out: own })
      const after = from(v, start + size * (width + 1))
      const both = product(made, left, after, [size, behind, behind], { alpha: -1, ldb: width })
      runProduct(gpu, both, { count, a: own, b: next, out: own })
      copy(v, made, {
        ...{ rows: size, groups: count, width: behind, outRow: width, outGroup: next, outOffset: start + size },
        ...{ inRow: behind, inGroup: own, inOffset: 0 },
      })
    }
  }
}
