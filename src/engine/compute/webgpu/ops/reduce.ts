// Sums over rows, columns and everything, in fixed orders: two stages, no atomics, the same bytes every time.
import type { Kernels } from '../../kernels.ts'
import { slice, type Tensor } from '../../tensor.ts'
import {
  defineShader,
  defineVariant,
  f32,
  type Gpu,
  groupSize,
  groupSum,
  perRow,
  pieces,
  rowWindows,
  runRows,
  variant,
} from '../shader.ts'

/** Rows that one dispatch sums. */
export const rowsAtOnce = 2048
/** Neighbouring columns that a workgroup sums, which are two sectors of the card's memory; its other lanes share the rows. */
const columnsAtOnce = 16

/** WGSL: KIND 0: x, 1: x², 2: x · (z − mean)·rstd, 3: x · z·rstd: the gradients of norm weights, with x = dOut. */
const columnTerm = /* wgsl */ `
override KIND: u32;

fn term(row: u32, column: u32) -> f32 {
  let i = row * p.columns + column;
  let value = x[p.xAt + i];
  switch KIND {
    case 0 { return value; }
    case 1 { return value * value; }
    case 2 { return value * (z[p.zAt + i] - mean[p.meanAt + row]) * rstd[p.rstdAt + row]; }
    default { return value * z[p.zAt + i] * rstd[p.rstdAt + row]; }
  }
}
`
const termTensors = { y: 'rw f32', x: 'f32', z: 'f32', mean: 'f32', rstd: 'f32' } as const

/** y[c] += the sum of column c; with `plain`, plain[c] += that of x itself, which is the gradient of a norm's bias. */
const columnSums = (plain: boolean) =>
  defineShader(
    plain ? 'columnSumsTwo' : 'columnSums',
    plain ? { ...termTensors, plain: 'rw f32' } : termTensors,
    { count: 'u32', columns: 'u32' },
    /* wgsl */ `
${columnTerm}
alias Sum = ${plain ? 'vec2f' : 'f32'};
const ACROSS = ${columnsAtOnce}u;
const DOWN = ${groupSize / columnsAtOnce}u;
var<workgroup> parts: array<Sum, ${groupSize}>;
@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = group.x * ACROSS + local % ACROSS;
  var sum = Sum();
  if (column < p.columns) {
    for (var row = local / ACROSS; row < p.count; row += DOWN) {
      sum += Sum(term(row, column)${plain ? ', x[p.xAt + row * p.columns + column]' : ''});
    }
  }
  parts[local] = sum;
  workgroupBarrier();
  if (local < ACROSS && column < p.columns) {
    var all = Sum();
    for (var part = 0u; part < DOWN; part++) { all += parts[part * ACROSS + local]; }
    y[p.yAt + column] += all${plain ? '.x' : ''};
    ${plain ? 'plain[p.plainAt + column] += all.y;' : ''}
  }
}
`,
  )
const oneSum = columnSums(false)
const twoSums = variant(columnSums(true), { KIND: 2 })

const rowDot = perRow(
  'rowDot',
  { y: 'rw f32', a: 'f32', b: 'f32' },
  {},
  /* wgsl */ `
  var sum = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    sum += a[p.aAt + row * p.columns + i] * b[p.bAt + row * p.columns + i];
  }
  let total = groupSum(sum, local);
  if (local == 0u) { y[p.yAt + row] = total; }`,
)

/** Partial sums of (a − weight·b)²: weight 1 for errors, 0 for squares. */
const squarePartials = defineVariant(
  'squarePartials',
  { y: 'rw f32', a: 'f32', b: 'f32' },
  { length: 'u32', weight: 'f32' },
  /* wgsl */ `
${groupSum}
@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = group.x * ${groupSize}u + local; i < p.length; i += groups.x * ${groupSize}u) {
    let d = a[p.aAt + i] - p.weight * b[p.bAt + i];
    sum += d * d;
  }
  let total = groupSum(sum, local);
  if (local == 0u) { y[p.yAt + group.x] = total; }
}
`,
)

/** out[0] += the sum of up to a few thousand partial sums. */
const total = defineVariant(
  'total',
  { y: 'rw f32', x: 'f32' },
  { length: 'u32' },
  /* wgsl */ `
${groupSum}
@compute @workgroup_size(${groupSize})
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < p.length; i += ${groupSize}u) { sum += x[p.xAt + i]; }
  let all = groupSum(sum, local);
  if (local == 0u) { y[p.yAt] += all; }
}
`,
)

const columnKinds = {
  sum: variant(oneSum, { KIND: 0 }),
  squares: variant(oneSum, { KIND: 1 }),
  layerNorm: variant(oneSum, { KIND: 2 }),
  rmsNorm: variant(oneSum, { KIND: 3 }),
}

/**
 * out[C] += the column sums of x[N,C], or of the term that `kind` computes from x, z, mean and rstd (a norm's input and its statistics;
 * RMSNorm has no mean). `plain`, with 'layerNorm' only, += the column sums of x itself.
 */
export function sumColumns(
  gpu: Gpu,
  kind: keyof typeof columnKinds,
  out: Tensor,
  x: Tensor,
  [z, mean, rstd]: readonly (Tensor | null)[] = [],
  plain: Tensor | null = null,
): void {
  const columns = out.length
  for (const { count, cut } of rowWindows(gpu, x.length / columns, columns, rowsAtOnce))
    gpu.run({
      variant: plain ? twoSums : columnKinds[kind],
      tensors: [out, ...[x, z, mean, rstd].map((t) => cut(t ?? x)), ...(plain ? [plain] : [])],
      params: [count, columns],
      groups: [Math.ceil(columns / columnsAtOnce), 1, 1],
    })
}

const partialGroups = 1024

function addSquares(gpu: Gpu, out: Tensor, a: Tensor, b: Tensor, weight: 0 | 1): void {
  for (const [start, end] of pieces(a.length, gpu.windowBytes / 4)) {
    const groups = Math.min(partialGroups, Math.ceil((end - start) / groupSize))
    const scratch = gpu.scratch([groups])
    gpu.run({
      variant: squarePartials,
      tensors: [scratch, slice(a, start, [end - start]), slice(b, start, [end - start])],
      params: [end - start, f32(weight)],
      groups: [groups, 1, 1],
    })
    gpu.run({ variant: total, tensors: [out, scratch], params: [groups], groups: [1, 1, 1] })
  }
}

export function reductions(gpu: Gpu) {
  return {
    columnSum: (out, x) => sumColumns(gpu, 'sum', out, x),
    columnSquares: (out, x) => sumColumns(gpu, 'squares', out, x),
    rowDot: (out, a, b) => runRows(gpu, rowDot, [out.length, a.length / out.length], [out, a, b]),
    squaredError: (out, a, b) => addSquares(gpu, out, a, b, 1),
    sumSquares: (out, x) => addSquares(gpu, out, x, x, 0),
  } satisfies Partial<Kernels>
}
