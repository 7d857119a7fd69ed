// Histograms of scores: one digit of a radix selection over a matrix, and ties by row. Sums of integers, the same in any
// order.
import { rows, slice, type Tensor } from '../../../tensor.ts'
import type { Columns } from '../../../pruneKernels.ts'
import { defineShader, foldGroups, type Gpu, groupSize, pieces, rowMain, variant } from '../../shader.ts'
import { bytesPerElement } from '../../../../dtype.ts'

// Scores are f32 bit patterns, which order as the scores do since none is negative.

/**
 * WGSL: the pattern of |weight[i]| · scale[column], or of |weight[i]| where nothing scales. From `infinite` on it is no
 * number. Weights are bound as words, so that no driver flushes them.
 */
export const scoreKey = /* wgsl */ `
const infinite = 0x7f800000u;
fn keyOf(i: u32, column: u32) -> u32 {
  let size = weight[p.weightAt + i] & 0x7fffffffu;
  if (p.scaled == 0u || size >= infinite) { return size; }
  return bitcast<u32>(bitcast<f32>(size) * scale[p.scaleAt + column]) & 0x7fffffffu;
}
`

/** Tensors and parameters that every shader with scores binds. */
export const scoreTensors = { weight: 'u32', scale: 'f32' } as const
export const scoreParams = { width: 'u32', scaled: 'u32' } as const

/** Bindings in the order of `scoreTensors` and `scoreParams`; without a scale the weight stands in for it. */
export function scoreBindings(weight: Tensor, scale: Tensor | null) {
  return { tensors: [weight, scale ?? weight], params: [weight.shape[1], Number(scale !== null)] }
}

/**
 * What was found on the device in the place of parameters: the key so far (a digit's prefix, then the limit), and how many ties go
 * in which row. Shaders ask `found(i, parameter)`; where the host found it, the weight stands in.
 */
export const cutKey = /* wgsl */ `
fn found(i: u32, given: u32) -> u32 { return select(given, cut[p.cutAt + i], p.isFound == 1u); }
`
export const cutTensors = { cut: 'u32' } as const
export const cutParams = { isFound: 'u32' } as const

/** Ranges of rows of a matrix that can be bound at once, `used` columns of which a dispatch goes through. */
export function* rowWindows(
  gpu: Gpu,
  matrix: Tensor,
  used = matrix.shape[1],
): Generator<{ part: Tensor; start: number; count: number }> {
  const [total, width] = matrix.shape
  const most = Math.min(gpu.reachBytes / width, gpu.windowBytes / used) / bytesPerElement[matrix.dtype]
  for (const [start, end] of pieces(total, most)) yield { part: rows(matrix, start, end), start, count: end - start }
}

/** Bits of the widest digit: its bins lie in the workgroup's memory. */
export const widestDigit = 11

/** counts[digit] += the scores whose higher bits are `prefix`. Each workgroup counts for itself first. */
const countDigit = defineShader(
  'pruneCountDigit',
  { counts: 'rw atomic<u32>', ...scoreTensors, ...cutTensors },
  {
    ...scoreParams,
    ...cutParams,
    length: 'u32',
    first: 'u32',
    columns: 'u32',
    shift: 'u32',
    bits: 'u32',
    prefix: 'u32',
  },
  /* wgsl */ `
${scoreKey}${cutKey}
var<workgroup> bins: array<atomic<u32>, ${2 ** widestDigit}>;

@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let size = 1u << p.bits;
  for (var i = local; i < size; i += ${groupSize}u) { atomicStore(&bins[i], 0u); }
  let prefix = found(0u, p.prefix);
  workgroupBarrier();
  for (var i = group.x * ${groupSize}u + local; i < p.length; i += groups.x * ${groupSize}u) {
    let column = p.first + i % p.columns;
    let key = keyOf((i / p.columns) * p.width + column, column);
    if ((key >> (p.shift + p.bits)) == prefix) { atomicAdd(&bins[(key >> p.shift) & (size - 1u)], 1u); }
  }
  workgroupBarrier();
  for (var i = local; i < size; i += ${groupSize}u) {
    let own = atomicLoad(&bins[i]);
    if (own > 0u) { atomicAdd(&counts[p.countsAt + i], own); }
  }
}
`,
)

/** counts[row] = the scores of the row that are `limit`. */
const countTies = defineShader(
  'pruneCountTies',
  { counts: 'rw u32', ...scoreTensors, ...cutTensors },
  { ...scoreParams, ...cutParams, count: 'u32', first: 'u32', columns: 'u32', limit: 'u32' },
  /* wgsl */ `
${scoreKey}${cutKey}
fn ofRow(row: u32, local: u32) {
  let limit = found(0u, p.limit);
  var ties = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let column = p.first + i;
    ties += select(0.0, 1.0, keyOf(row * p.width + column, column) == limit);
  }
  let total = groupSum(ties, local);
  if (local == 0u) { counts[p.countsAt + row] = u32(total); }
}
${rowMain}`,
)

const variants = { digit: variant(countDigit), ties: variant(countTies) }
/** Most workgroups of a count: enough to fill a device, few enough that their sums are few. */
const mostGroups = 1024
const perInvocation = 16

/** Adds to counts[2^bits]. `cut`: the prefix is what it holds. */
export function runCountDigit(
  gpu: Gpu,
  counts: Tensor,
  weight: Tensor,
  scale: Tensor | null,
  { start, end }: Columns,
  digit: { shift: number; bits: number; prefix: number },
  cut: Tensor | null = null,
): void {
  for (const { part, count } of rowWindows(gpu, weight, end - start)) {
    const { tensors, params } = scoreBindings(part, scale)
    const length = count * (end - start)
    const groups = Math.min(mostGroups, Math.ceil(length / groupSize / perInvocation))
    gpu.run({
      variant: variants.digit,
      tensors: [counts, ...tensors, cut ?? part],
      params: [...params, Number(cut !== null), length, start, end - start, digit.shift, digit.bits, digit.prefix],
      groups: [groups, 1, 1],
    })
  }
}

/** counts[O] = ties of each row. `cut`: the limit is what it holds. */
export function runCountTies(
  gpu: Gpu,
  counts: Tensor,
  weight: Tensor,
  scale: Tensor | null,
  columns: Columns,
  limit: number,
  cut: Tensor | null = null,
): void {
  for (const { part, start, count } of rowWindows(gpu, weight, columns.end - columns.start)) {
    const { tensors, params } = scoreBindings(part, scale)
    gpu.run({
      variant: variants.ties,
      tensors: [slice(counts, start, [count]), ...tensors, cut ?? part],
      params: [...params, Number(cut !== null), count, columns.start, columns.end - columns.start, limit],
      groups: foldGroups(count),
    })
  }
}
