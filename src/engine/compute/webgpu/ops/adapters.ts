// Adapters: effective weights and the gradients of their factors. The gradient of a whole weight exists only for as
// many rows as fit a window, and is contracted at once.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import { reshape, rows, slice, type Tensor } from '../../tensor.ts'
import { dtypeCode, f32, floatTypes, type Gpu, gridOf, halves, pieces, type Shader, variant } from '../shader.ts'
import { perElement } from './elementwise.ts'
import { rowsAtOnce } from './reduce.ts'
import { multiply, multiplyAndEnd, product, type Product } from './gemm/multiply.ts'

type Adapters = Pick<Kernels, 'loraWeight' | 'loraBackward' | 'scaleWeight' | 'scaleBackward'>

const loadWeight = /* wgsl */ `
${halves}
fn loadWeight(i: u32) -> f32 {
  let at = p.weightAt + i;
  if (DTYPE == 0u) { return bitcast<f32>(weight[at]); }
  return floatOfHalf((weight[at >> 1u] >> (16u * (at & 1u))) & 0xffffu);
}
`

/** out = weight + scale · out ⊙ mask, where out holds b·a. */
const mergeLora = perElement(
  'mergeLora',
  { y: 'rw f32', weight: 'u32', mask: 'u32' },
  { columns: 'u32', rowWords: 'u32', hasMask: 'u32', scale: 'f32' },
  /* wgsl */ `
  let delta = select(0.0, p.scale * y[p.yAt + i], kept(i));
  y[p.yAt + i] = loadWeight(i) + delta;`,
  /* wgsl */ `${loadWeight}
fn kept(i: u32) -> bool {
  if (p.hasMask == 0u) { return true; }
  let column = i % p.columns;
  return ((mask[p.maskAt + (i / p.columns) * p.rowWords + (column >> 5u)] >> (column & 31u)) & 1u) == 1u;
}`,
)

/** out = weight ⊙ (factor · row ⊗ column). */
const scaleWeight = perElement(
  'scaleWeight',
  { y: 'rw f32', weight: 'u32', row: 'f32', column: 'f32' },
  { columns: 'u32', factor: 'f32' },
  'y[p.yAt + i] = p.factor * row[p.rowAt + i / p.columns] * column[p.columnAt + i % p.columns] * loadWeight(i);',
  loadWeight,
)

/** g = g ⊙ weight. */
const timesWeight = perElement(
  'timesWeight',
  { y: 'rw f32', weight: 'u32' },
  {},
  'y[p.yAt + i] *= loadWeight(i);',
  loadWeight,
)

const ofTypes = (shader: Shader) => floatTypes.map((dtype) => variant(shader, { DTYPE: dtypeCode(dtype) }))
const variants = { merge: ofTypes(mergeLora), scale: ofTypes(scaleWeight), times: ofTypes(timesWeight) }

interface RowWindow {
  start: number
  count: number
  /** The window's rows of a [O, …] tensor. */
  of: (tensor: Tensor) => Tensor
}

/** Rows of a weight [O,I] such that an f32 matrix of them fits a window. */
function* weightWindows(gpu: Gpu, o: number, i: number): Generator<RowWindow> {
  for (const [start, end] of pieces(o, gpu.windowBytes / bytesPerElement.f32 / i))
    yield { start, count: end - start, of: (t) => rows(t, start, end) }
}

/** dOut[:, rows]ᵀ · input for a window of rows, into scratch. */
function weightGradient(g: Tensor, dOut: Tensor, input: Tensor, o: number, i: number, w: RowWindow): Product {
  const n = input.length / i
  const columns = slice(dOut, w.start, [dOut.length - w.start])
  return product(g, columns, input, [w.count, i, n], { transA: true, lda: o, exact: false })
}

function loraWeight(gpu: Gpu, out: Tensor, weight: Tensor, mask: Tensor | null, a: Tensor, b: Tensor, scale: number) {
  const [o, i] = weight.shape
  const r = a.shape[0]
  for (const { count, of } of weightWindows(gpu, o, i)) {
    const part = of(reshape(out, [o, i]))
    const ending = { kind: 'merged', weight: of(weight), mask: mask && of(mask) } as const
    if (multiplyAndEnd(gpu, product(part, of(b), a, [count, i, r], { alpha: scale }), ending)) continue
    multiply(gpu, product(part, of(b), a, [count, i, r]))
    gpu.run({
      variant: variants.merge[dtypeCode(weight.dtype)],
      tensors: [part, of(weight), mask ? of(mask) : of(weight)],
      params: [count * i, i, mask ? mask.shape[1] : 0, Number(mask !== null), f32(scale)],
      groups: gridOf(count * i),
    })
  }
}

export function adapters(gpu: Gpu, kernels: Pick<Kernels, 'applyMask' | 'columnSum'>): Adapters {
  return {
    loraWeight: (out, weight, mask, a, b, scale) => loraWeight(gpu, out, weight, mask, a, b, scale),
    loraBackward(dA, dB, dOut, input, mask, a, b, scale, dBias = null) {
      const [o, r] = b.shape
      const i = a.shape[1]
      let scratch: Tensor | null = null
      let isSummed = false
      for (const window of weightWindows(gpu, o, i)) {
        scratch ??= gpu.scratch([window.count, i])
        const g = rows(scratch, 0, window.count)
        const gradient = weightGradient(g, dOut, input, o, i, window)
        const kept = mask && window.of(mask)
        const sums = window.count === o && input.length / i <= rowsAtOnce ? dBias : null
        if (kept && sums && multiplyAndEnd(gpu, gradient, { kind: 'summed', mask: kept, rowSums: sums }))
          isSummed = true
        else if (!kept || !multiplyAndEnd(gpu, gradient, { kind: 'masked', mask: kept })) {
          multiply(gpu, gradient)
          if (kept) kernels.applyMask(g, kept)
        }
        const [bRows, dBRows] = [window.of(b), window.of(dB)]
        multiply(gpu, product(dA, bRows, g, [r, i, window.count], { transA: true, alpha: scale, beta: 1 }))
        multiply(gpu, product(dBRows, g, a, [window.count, r, i], { transB: true, alpha: scale, beta: 1 }))
      }
      if (dBias && !isSummed) kernels.columnSum(dBias, dOut)
    },
    scaleWeight(out, weight, row, column, factor) {
      const [o, i] = weight.shape
      for (const { start, count, of } of weightWindows(gpu, o, i))
        gpu.run({
          variant: variants.scale[dtypeCode(weight.dtype)],
          tensors: [of(reshape(out, [o, i])), of(weight), slice(row, start, [count]), column],
          params: [count * i, i, f32(factor)],
          groups: gridOf(count * i),
        })
    },
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      let scratch: Tensor | null = null
      for (const window of weightWindows(gpu, o, i)) {
        const { start, count } = window
        scratch ??= gpu.scratch([count, i])
        const g = rows(scratch, 0, count)
        multiply(gpu, weightGradient(g, dOut, input, o, i, window))
        gpu.run({
          variant: variants.times[dtypeCode(weight.dtype)],
          tensors: [g, window.of(weight)],
          params: [count * i],
          groups: gridOf(count * i),
        })
        const [rowPart, dRowPart] = [slice(row, start, [count]), slice(dRow, start, [count])]
        const factors = { alpha: factor, beta: 1 }
        multiply(gpu, product(dRowPart, column, g, [1, count, i], { transB: true, ...factors }))
        multiply(gpu, product(dColumn, rowPart, g, [1, i, count], factors))
      }
    },
  }
}
