// Histograms of scores: one digit of a radix selection over a matrix, and ties by row. Sums of integers, the same in any
// order.
import { slice, type Tensor } from '../../../tensor.ts'
import type { Columns } from '../../../pruneKernels.ts'
import type { Gpu } from '../../gpu.ts'
import { defineShader, foldGroups, groupSize, variant } from '../../shader.ts'
import { rowMain } from '../reduce.ts'
import {
  cutKey,
  cutParams,
  cutTensors,
  rowWindows,
  scoreBindings,
  scoreKey,
  scoreParams,
  scoreTensors,
} from './score.ts'

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
