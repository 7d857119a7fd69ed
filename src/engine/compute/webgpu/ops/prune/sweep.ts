// SparseGPT's block of columns (docs/methods.md, "SparseGPT"): one dispatch for the block, with one invocation per row, and a product
// that carries the errors into the columns after the block.
import type { Kernels } from '../../../kernels.ts'
import { rows, slice } from '../../../tensor.ts'
import { defineVariant, type Gpu, pieces } from '../../shader.ts'
import { multiply, product } from '../gemm/multiply.ts'
import { matrixCopy } from '../copies.ts'
import type { PruneOps } from './index.ts'

/** Columns that are updated together from the errors of the columns before them. */
const together = 8
const rowsPerGroup = 64

/**
 * tile and errors are [columns, rows], so that neighbouring rows are neighbours in memory; u is the block of U. Each group of m columns
 * is updated from the errors of all columns before it, then swept column by column. n > 0: the group's n smallest scores are pruned.
 */
const block = defineVariant(
  'pruneSweep',
  { tile: 'rw f32', errors: 'rw f32', bits: 'rw u32', losses: 'rw f32', u: 'f32', scale: 'f32' },
  { count: 'u32', columns: 'u32', first: 'u32', rowWords: 'u32', n: 'u32', m: 'u32' },
  /* wgsl */ `
fn place(column: u32, row: u32) -> u32 { return p.tileAt + column * p.count + row; }
fn upper(i: u32, j: u32) -> f32 { return u[p.uAt + i * p.columns + j]; }
fn score(column: u32, row: u32) -> f32 { return abs(tile[place(column, row)]) * scale[p.scaleAt + column]; }
fn wordOf(column: u32, row: u32) -> u32 { return p.bitsAt + row * p.rowWords + ((p.first + column) >> 5u); }
fn bitOf(column: u32) -> u32 { return 1u << ((p.first + column) & 31u); }

fn catchUp(start: u32, end: u32, row: u32) {
  for (var c = start; c < end; c += ${together}u) {
    // Mesa's lavapipe clears a variable without a value once, not in every turn of the loop.
    var sums = array<f32, ${together}>();
    for (var i = 0u; i < start; i++) {
      let error = errors[p.errorsAt + i * p.count + row];
      for (var q = 0u; q < ${together}u; q++) { sums[q] += error * upper(i, min(c + q, p.columns - 1u)); }
    }
    for (var q = 0u; q < ${together}u; q++) { if (c + q < end) { tile[place(c + q, row)] -= sums[q]; } }
  }
}

fn choose(start: u32, end: u32, row: u32) {
  for (var c = start; c < end; c++) {
    let own = score(c, row);
    var before = 0u;
    for (var other = start; other < end; other++) {
      let otherScore = score(other, row);
      before += u32(otherScore < own || (otherScore == own && other < c));
    }
    let word = wordOf(c, row);
    bits[word] = select(bits[word] | bitOf(c), bits[word] & ~bitOf(c), before < p.n);
  }
}

@compute @workgroup_size(${rowsPerGroup})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * ${rowsPerGroup}u + local;
  if (row >= p.count) { return; }
  var loss = 0.0;
  for (var start = 0u; start < p.columns; start += p.m) {
    let end = min(start + p.m, p.columns);
    catchUp(start, end, row);
    if (p.n > 0u) { choose(start, end, row); }
    for (var c = start; c < end; c++) {
      var error = 0.0;
      if ((bits[wordOf(c, row)] & bitOf(c)) == 0u) {
        error = tile[place(c, row)] / upper(c, c);
        loss += error * error;
        tile[place(c, row)] = 0.0;
        for (var k = c + 1u; k < end; k++) { tile[place(k, row)] -= error * upper(c, k); }
      }
      errors[p.errorsAt + c * p.count + row] = error;
    }
  }
  losses[p.lossesAt + row] += 0.5 * loss;
}
`,
)

/** See PruneKernels.sparseGptBlock. */
export const sweepOf =
  (gpu: Gpu, { copy }: Pick<Kernels, 'copy'>): PruneOps['sweep'] =>
  (weight, mask, losses, { upper, inverseDiagonal }, { start, end }, pattern) => {
    const [total, width] = weight.shape
    const columns = end - start
    const u = gpu.scratch([columns, columns])
    copy(u, upper, matrixCopy([columns, columns], [columns, width], [0, start * width + start]))
    // A tile takes at most half of `windowBytes`, and its rows of the weights at most half of `reachBytes`.
    const most = Math.floor(Math.min(gpu.windowBytes / 8 / columns, gpu.reachBytes / 8 / width))
    for (const [first, last] of pieces(total, Math.max(1, most))) {
      const count = last - first
      const part = rows(weight, first, last)
      const [tile, errors] = [gpu.scratch([columns, count]), gpu.scratch([columns, count])]
      const matrix = { rows: count, groups: columns, width: 1 }
      const there = { outRow: 1, outGroup: count, outOffset: 0, inRow: width, inGroup: 1, inOffset: start }
      const back = { outRow: width, outGroup: 1, outOffset: start, inRow: 1, inGroup: count, inOffset: 0 }
      copy(tile, part, { ...matrix, ...there })
      gpu.run({
        variant: block,
        tensors: [
          ...[tile, errors, rows(mask, first, last), slice(losses, first, [count])],
          ...[u, slice(inverseDiagonal, start, [columns])],
        ],
        params: [count, columns, start, mask.shape[1], pattern?.n ?? 0, pattern?.m ?? together],
        groups: [Math.ceil(count / rowsPerGroup), 1, 1],
      })
      copy(part, tile, { ...matrix, ...back })
      const behind = slice(part, end, [part.length - end])
      if (end < width) {
        const rows = slice(upper, start * width + end, [upper.length - start * width - end])
        const strides = { lda: count, ldb: width, ldc: width }
        const sizes = [count, width - end, columns] as [number, number, number]
        multiply(gpu, product(behind, errors, rows, sizes, { transA: true, alpha: -1, beta: 1, ...strides }))
      }
    }
  }
