// Strided copies, fills and conversions between element types.
import { f32ToBf16, f32ToF16, type DType } from '../../../dtype.ts'
import type { CopyShape, Kernels } from '../../kernels.ts'
import { slice, type Tensor } from '../../tensor.ts'
import {
  dtypeCode,
  elementShader,
  floatsOf,
  halves,
  perElement,
  pieces,
  runEach,
  runElements,
  runRows,
  variant,
} from '../shader.ts'
import type { Gpu, Params, Shader, Tensors, Variant } from '../shader.ts'

/** WGSL: element `at` of y becomes `x`, of 32 bits. */
const storeWord = 'fn store(at: u32, x: u32) { y[at] = x; }'
/** As `storeWord`, for 16 bits. Two invocations may store the halves of one word; each changes its own half only, in any order. */
const storeHalf = /* wgsl */ `
fn store(at: u32, x: u32) {
  let shift = 16u * (at & 1u);
  atomicAnd(&y[at >> 1u], ~(0xffffu << shift));
  atomicOr(&y[at >> 1u], x << shift);
}
`

const loadWord = 'fn load(at: u32) -> u32 { return x[at]; }'
const loadHalf = 'fn load(at: u32) -> u32 { return (x[at >> 1u] >> (16u * (at & 1u))) & 0xffffu; }'

/** A kernel for elements of 32 bits, and the same for elements of 16. */
function ofSizes(name: string, inputs: Tensors, params: Params, body: string, declared = ''): Variant[] {
  const [word, half] = 'x' in inputs ? [loadWord + storeWord, loadHalf + storeHalf] : [storeWord, storeHalf]
  return [
    perElement(`${name}Words`, { y: 'rw u32', ...inputs }, params, body, declared + word),
    perElement(`${name}Halves`, { y: 'rw atomic<u32>', ...inputs }, params, body, declared + half),
  ]
}
const sizeOf = (dtype: DType) => Number(dtypeCode(dtype) !== 0)

const copying = ofSizes(
  'copy',
  { x: 'u32' },
  { groups: 'u32', width: 'u32', outRow: 'u32', outGroup: 'u32', inRow: 'u32', inGroup: 'u32' },
  /* wgsl */ `
  let w = i % p.width;
  let g = (i / p.width) % p.groups;
  let r = i / (p.width * p.groups);
  store(p.yAt + r * p.outRow + g * p.outGroup + w, load(p.xAt + r * p.inRow + g * p.inGroup + w));`,
)

const filling = ofSizes('fill', {}, { bits: 'u32' }, 'store(p.yAt + i, p.bits);')

const masking = ofSizes(
  'mask',
  { bits: 'u32' },
  { columns: 'u32', rowWords: 'u32' },
  /* wgsl */ `
  let column = i % p.columns;
  let word = bits[p.bitsAt + (i / p.columns) * p.rowWords + (column >> 5u)];
  if (((word >> (column & 31u)) & 1u) == 0u) { store(p.yAt + i, 0u); }`,
)

/** Variants by `dtypeCode`; null for f32. */
const ofHalves = (shader: Shader) => [null, variant(shader, { DTYPE: 1 }), variant(shader, { DTYPE: 2 })]
/** Copies DTYPE to f32. */
const widen = ofHalves(
  elementShader('widen', { y: 'rw f32', x: 'u32' }, {}, 'y[p.yAt + i] = xFloat(p.xAt + i);', halves + floatsOf('x')),
)
/** Copies f32 to DTYPE. */
const narrow = ofHalves(
  elementShader(
    'narrow',
    { y: 'rw atomic<u32>', x: 'f32' },
    {},
    'store(p.yAt + i, halfOfFloat(x[p.xAt + i]));',
    halves + storeHalf,
  ),
)

/** A copy of a matrix [rows, width], with row strides and the offsets of the first elements, in elements. */
export const matrixCopy = (
  [rows, width]: readonly [number, number],
  [outRow, inRow]: readonly [number, number],
  [outOffset, inOffset] = [0, 0],
): CopyShape => ({ rows, width, groups: 1, outRow, outGroup: 0, outOffset, inRow, inGroup: 0, inOffset })

/** Copies elements of one type, between any offsets. */
export function move(gpu: Gpu, out: Tensor, input: Tensor): void {
  strided(gpu, out, input, matrixCopy([out.length, 1], [1, 1]))
}

/** Copies rows in windows: each range of rows is within one bindable span of either tensor. */
function strided(gpu: Gpu, out: Tensor, input: Tensor, h: CopyShape): void {
  if (h.rows * h.groups * h.width === 0) return
  const outSpan = (h.groups - 1) * h.outGroup + h.width
  const inSpan = (h.groups - 1) * h.inGroup + h.width
  const reached = (gpu.reachBytes / 4 - Math.max(outSpan, inSpan)) / Math.max(1, h.outRow, h.inRow)
  const most = Math.min(reached, gpu.windowBytes / 4 / (h.groups * h.width))
  for (const [start, end] of pieces(h.rows, Math.max(1, most))) {
    const count = end - start
    const tensors = [
      slice(out, h.outOffset + start * h.outRow, [(count - 1) * h.outRow + outSpan]),
      slice(input, h.inOffset + start * h.inRow, [(count - 1) * h.inRow + inSpan]),
    ]
    const params = [h.groups, h.width, h.outRow, h.outGroup, h.inRow, h.inGroup]
    runEach(gpu, copying[sizeOf(out.dtype)], count * h.groups * h.width, tensors, params)
  }
}

function bitsOf(dtype: DType, value: number): number {
  if (dtype === 'bf16') return f32ToBf16(value)
  if (dtype === 'f16') return f32ToF16(value)
  return dtype === 'f32' ? new Uint32Array(Float32Array.of(value).buffer)[0] : value >>> 0
}

function convert(gpu: Gpu, out: Tensor, x: Tensor): void {
  if (out.dtype === x.dtype) return move(gpu, out, x)
  const of = x.dtype === 'f32' ? narrow[dtypeCode(out.dtype)] : out.dtype === 'f32' ? widen[dtypeCode(x.dtype)] : null
  if (of) return runElements(gpu, of, [out, x])
  const wide = gpu.scratch([x.length])
  convert(gpu, wide, x)
  convert(gpu, out, wide)
}

function applyMask(gpu: Gpu, x: Tensor, mask: Tensor): void {
  const columns = x.shape[x.shape.length - 1]
  const count = x.length / columns
  runRows(gpu, masking[sizeOf(x.dtype)], [count, columns], [x, mask], [mask.length / count])
}

export function copies(gpu: Gpu) {
  return {
    copy: (out, input, shape) => strided(gpu, out, input, shape),
    fill: (x, value) => runElements(gpu, filling[sizeOf(x.dtype)], [x], [bitsOf(x.dtype, value)]),
    convert: (out, x) => convert(gpu, out, x),
    applyMask: (x, mask) => applyMask(gpu, x, mask),
  } satisfies Partial<Kernels>
}
