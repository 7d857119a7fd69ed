// Strided copies, fills and conversions between element types.
import { f32ToBf16, f32ToF16, type DType } from '../../../dtype.ts'
import type { CopyShape, Kernels } from '../../kernels.ts'
import { slice, type Tensor } from '../../tensor.ts'
import {
  dtypeCode,
  type Gpu,
  gridOf,
  halves,
  type Parameters,
  perElement,
  pieces,
  runElements,
  runRows,
  type Shader,
  variant,
} from '../shader.ts'

type Copies = Pick<Kernels, 'copy' | 'fill' | 'convert' | 'applyMask'>

const copyParams: Parameters = {
  ...{ groups: 'u32', width: 'u32', outRow: 'u32', outGroup: 'u32', inRow: 'u32', inGroup: 'u32' },
}

const copyPlaces = /* wgsl */ `
struct Places { to: u32, source: u32 }
fn places(i: u32) -> Places {
  let w = i % p.width;
  let g = (i / p.width) % p.groups;
  let r = i / (p.width * p.groups);
  return Places(p.yAt + r * p.outRow + g * p.outGroup + w, p.xAt + r * p.inRow + g * p.inGroup + w);
}
`

const copyWords = perElement(
  'copyWords',
  { y: 'rw u32', x: 'u32' },
  copyParams,
  /* wgsl */ `
  let at = places(i);
  y[at.to] = x[at.source];`,
  copyPlaces,
)

/** WGSL: two elements of a word may belong to two invocations: each changes its half only. The result has no order. */
const storeHalf = /* wgsl */ `
fn storeHalf(at: u32, half: u32) {
  let shift = 16u * (at & 1u);
  atomicAnd(&y[at >> 1u], ~(0xffffu << shift));
  atomicOr(&y[at >> 1u], half << shift);
}
`

const copyHalves = perElement(
  'copyHalves',
  { y: 'rw atomic<u32>', x: 'u32' },
  copyParams,
  /* wgsl */ `
  let at = places(i);
  storeHalf(at.to, (x[at.source >> 1u] >> (16u * (at.source & 1u))) & 0xffffu);`,
  copyPlaces + storeHalf,
)

const fillWords = perElement('fillWords', { y: 'rw u32' }, { word: 'u32' }, 'y[p.yAt + i] = p.word;')

const fillHalves = perElement(
  'fillHalves',
  { y: 'rw atomic<u32>' },
  { half: 'u32' },
  'storeHalf(p.yAt + i, p.half);',
  storeHalf,
)

/** Copies DTYPE to f32. */
const widen = perElement(
  'widen',
  { y: 'rw f32', x: 'u32' },
  {},
  /* wgsl */ `
  let at = p.xAt + i;
  y[p.yAt + i] = floatOfHalf((x[at >> 1u] >> (16u * (at & 1u))) & 0xffffu);`,
  halves,
)

/** Copies f32 to DTYPE. */
const narrow = perElement(
  'narrow',
  { y: 'rw atomic<u32>', x: 'f32' },
  {},
  'storeHalf(p.yAt + i, halfOfFloat(x[p.xAt + i]));',
  halves + storeHalf,
)

const maskParams = { columns: 'u32', rowWords: 'u32' } as const

const maskKept = /* wgsl */ `
fn kept(i: u32) -> bool {
  let column = i % p.columns;
  return ((bits[p.bitsAt + (i / p.columns) * p.rowWords + (column >> 5u)] >> (column & 31u)) & 1u) == 1u;
}
`

const maskWords = perElement(
  'maskWords',
  { x: 'rw u32', bits: 'u32' },
  maskParams,
  'if (!kept(i)) { x[p.xAt + i] = 0u; }',
  maskKept,
)

const maskHalves = perElement(
  'maskHalves',
  { x: 'rw atomic<u32>', bits: 'u32' },
  maskParams,
  /* wgsl */ `
  let at = p.xAt + i;
  if (!kept(i)) { atomicAnd(&x[at >> 1u], ~(0xffffu << (16u * (at & 1u)))); }`,
  maskKept,
)

const variants = {
  copyWords: variant(copyWords),
  copyHalves: variant(copyHalves),
  fillWords: variant(fillWords),
  fillHalves: variant(fillHalves),
  maskWords: variant(maskWords),
  maskHalves: variant(maskHalves),
}
/** By the 16-bit type; f32 is none. */
const ofHalves = (shader: Shader) => [null, variant(shader, { DTYPE: 1 }), variant(shader, { DTYPE: 2 })]
const [widens, narrows] = [ofHalves(widen), ofHalves(narrow)]

const isHalf = (dtype: DType) => dtypeCode(dtype) !== 0

/** Copies elements of one type, between any offsets. */
export function move(gpu: Gpu, out: Tensor, input: Tensor): void {
  const shape = { groups: 1, width: 1, outRow: 1, outGroup: 0, inRow: 1, inGroup: 0, outOffset: 0, inOffset: 0 }
  strided(gpu, out, input, { rows: out.length, ...shape })
}

/** Rows in windows: those of a row range lie within one span of either tensor. */
function strided(gpu: Gpu, out: Tensor, input: Tensor, h: CopyShape): void {
  if (h.rows * h.groups * h.width === 0) return
  const outSpan = (h.groups - 1) * h.outGroup + h.width
  const inSpan = (h.groups - 1) * h.inGroup + h.width
  const reached = (gpu.reachBytes / 4 - Math.max(outSpan, inSpan)) / Math.max(1, h.outRow, h.inRow)
  const most = Math.min(reached, gpu.windowBytes / 4 / (h.groups * h.width))
  for (const [start, end] of pieces(h.rows, Math.max(1, most))) {
    const count = end - start
    gpu.run({
      variant: isHalf(out.dtype) ? variants.copyHalves : variants.copyWords,
      tensors: [
        slice(out, h.outOffset + start * h.outRow, [(count - 1) * h.outRow + outSpan]),
        slice(input, h.inOffset + start * h.inRow, [(count - 1) * h.inRow + inSpan]),
      ],
      params: [...[count * h.groups * h.width, h.groups, h.width], ...[h.outRow, h.outGroup, h.inRow, h.inGroup]],
      groups: gridOf(count * h.groups * h.width),
    })
  }
}

function fill(gpu: Gpu, x: Tensor, value: number): void {
  if (x.dtype === 'bf16') return runElements(gpu, variants.fillHalves, [x], [f32ToBf16(value)])
  if (x.dtype === 'f16') return runElements(gpu, variants.fillHalves, [x], [f32ToF16(value)])
  const word = x.dtype === 'f32' ? new Uint32Array(Float32Array.of(value).buffer)[0] : value >>> 0
  runElements(gpu, variants.fillWords, [x], [word])
}

function convert(gpu: Gpu, out: Tensor, x: Tensor): void {
  if (out.dtype === x.dtype) return move(gpu, out, x)
  const of = x.dtype === 'f32' ? narrows[dtypeCode(out.dtype)] : out.dtype === 'f32' ? widens[dtypeCode(x.dtype)] : null
  if (of) return runElements(gpu, of, [out, x])
  const wide = gpu.scratch([x.length])
  convert(gpu, wide, x)
  convert(gpu, out, wide)
}

function applyMask(gpu: Gpu, x: Tensor, mask: Tensor): void {
  const count = x.length / x.shape[x.shape.length - 1]
  const of = isHalf(x.dtype) ? variants.maskHalves : variants.maskWords
  runRows(gpu, of, x, count, (cut) => [x, mask].map(cut), [mask.length / count], true)
}

export function copies(gpu: Gpu): Copies {
  return {
    copy: (out, input, shape) => strided(gpu, out, input, shape),
    fill: (x, value) => fill(gpu, x, value),
    convert: (out, x) => convert(gpu, out, x),
    applyMask: (x, mask) => applyMask(gpu, x, mask),
  }
}
