// Histograms of scores: one digit of a radix selection over a matrix, and ties by row. Sums of integers, the same in any
// order.
import { rows, type Tensor } from '../../../tensor.ts'
import type { Scored } from '../../../pruneKernels.ts'
import type { PruneOps } from './index.ts'
import { defineVariant, type Gpu, groupSize, pieces, perRow, runEach } from '../../shader.ts'
import { bytesPerElement } from '../../../../dtype.ts'

// Scores are f32 bit patterns, which order as the scores do since none is negative.

/**
 * WGSL: the pattern of |weight[i]| · scale[column], or of |weight[i]| without a scale. From `infinite` on it is infinite or NaN.
 * Weights are bound as words, so that no driver flushes subnormal ones.
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

/**
 * WGSL: values found on the device that replace parameters: the key so far (a digit's prefix, then the limit), and how many ties go in
 * which row. Shaders call `found(i, parameter)`. If the host found the values, the weight is bound as `cut` and its values are not used.
 */
export const cutKey = /* wgsl */ `
fn found(i: u32, given: u32) -> u32 { return select(given, cut[p.cutAt + i], p.isFound == 1u); }
`
export const cutTensors = { cut: 'u32' } as const
export const cutParams = { isFound: 'u32' } as const

/**
 * Ranges of rows that can be bound at once, with tensors and parameters in the order of `scoreTensors`, `scoreParams` and, with `found`, those
 * of a cut. The weight is bound in place of a missing `scale` or `found`.
 */
export function* scoreWindows(gpu: Gpu, { weight, scale, columns }: Scored, found?: Tensor | null) {
  const [total, width] = weight.shape
  const { start: first, end } = columns ?? { start: 0, end: width }
  const most = Math.min(gpu.reachBytes / width, gpu.windowBytes / (end - first)) / bytesPerElement[weight.dtype]
  for (const [start, last] of pieces(total, most)) {
    const part = rows(weight, start, last)
    yield {
      ...{ start, count: last - start, first, end, cut: (t: Tensor) => rows(t, start, last) },
      tensors: [part, scale ?? part, ...(found === undefined ? [] : [found ?? part])],
      params: [width, Number(scale !== null), ...(found === undefined ? [] : [Number(found !== null)])],
    }
  }
}

/** Bits of the widest digit: its bins are in the workgroup's memory. */
export const widestDigit = 11

/** counts[digit] += the scores whose higher bits are `prefix`. Each workgroup counts for itself first. */
const digitCounts = defineVariant(
  'pruneCountDigit',
  { counts: 'rw atomic<u32>', ...scoreTensors, ...cutTensors },
  {
    ...scoreParams,
    ...cutParams,
    ...{ length: 'u32', first: 'u32', columns: 'u32', shift: 'u32', bits: 'u32', prefix: 'u32' },
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

/** counts[row] = how many scores of the row equal `limit`. */
const tieCounts = perRow(
  'pruneCountTies',
  { counts: 'rw u32', ...scoreTensors, ...cutTensors },
  { ...scoreParams, ...cutParams, first: 'u32', limit: 'u32' },
  /* wgsl */ `
  let limit = found(0u, p.limit);
  var ties = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let column = p.first + i;
    ties += select(0.0, 1.0, keyOf(row * p.width + column, column) == limit);
  }
  let total = groupSum(ties, local);
  if (local == 0u) { counts[p.countsAt + row] = u32(total); }`,
  scoreKey + cutKey,
)

/** Most workgroups of a count: enough to fill a device, few enough that their sums are few. */
const mostGroups = 1024
const perInvocation = 16

export const countsOf = (gpu: Gpu): Pick<PruneOps, 'countDigit' | 'countTies'> => ({
  countDigit(counts, scored, { shift, bits, prefix }, found = null) {
    for (const { tensors, params, count, first, end } of scoreWindows(gpu, scored, found)) {
      const length = count * (end - first)
      gpu.run({
        variant: digitCounts,
        tensors: [counts, ...tensors],
        params: [...params, length, first, end - first, shift, bits, prefix],
        groups: [Math.min(mostGroups, Math.ceil(length / groupSize / perInvocation)), 1, 1],
      })
    }
  },
  countTies(counts, scored, limit, found = null) {
    for (const { tensors, params, count, first, end, cut } of scoreWindows(gpu, scored, found))
      runEach(gpu, tieCounts, count, [cut(counts), ...tensors], [end - first, ...params, first, limit])
  },
})
