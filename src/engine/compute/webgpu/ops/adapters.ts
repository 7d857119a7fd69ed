// Adapters: effective weights and the gradients of their factors. The gradient of a whole weight exists only for as
// many rows as fit a window, and is contracted at once.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels, LoraGradient, LoraMerge } from '../../kernels.ts'
import { reshape, rows, slice, type Tensor } from '../../tensor.ts'
import { dtypeCode, f32, type Gpu, gridOf, halves, ofTypes, perElement, pieces, runRows } from '../shader.ts'
import { rowsAtOnce } from './reduce.ts'
import {
  type Ending,
  multiply,
  multiplyAll,
  multiplyAndEnd,
  multiplyAtOnce,
  product,
  type Product,
  stepOf,
} from './gemm/multiply.ts'

type Adapters = Pick<
  Kernels,
  'loraWeight' | 'loraWeights' | 'loraBackward' | 'lorasBackward' | 'scaleWeight' | 'scaleBackward'
>

type Parts = Pick<Kernels, 'applyMask' | 'columnSum' | 'convert' | 'addScaled'>

const loadWeight = /* wgsl */ `
${halves}
fn loadWeight(i: u32) -> f32 {
  let at = p.weightAt + i;
  if (DTYPE == 0u) { return bitcast<f32>(weight[at]); }
  return floatOfHalf((weight[at >> 1u] >> (16u * (at & 1u))) & 0xffffu);
}
`

/** out = weight ⊙ (factor · row ⊗ column). */
const scaled = ofTypes(
  perElement(
    'scaleWeight',
    { y: 'rw f32', weight: 'u32', row: 'f32', column: 'f32' },
    { columns: 'u32', factor: 'f32' },
    'y[p.yAt + i] = p.factor * row[p.rowAt + i / p.columns] * column[p.columnAt + i % p.columns] * loadWeight(i);',
    loadWeight,
  ),
)

/** g = g ⊙ weight. */
const times = ofTypes(
  perElement('timesWeight', { y: 'rw f32', weight: 'u32' }, {}, 'y[p.yAt + i] *= loadWeight(i);', loadWeight),
)

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

/** Adapters of weights of one shape. */
function loraWeights(gpu: Gpu, kernels: Parts, loras: readonly LoraMerge[], scale: number): void {
  const [o, i] = loras[0].weight.shape
  for (const { count, of } of weightWindows(gpu, o, i)) {
    const merges = loras.map(({ out, a, b }) =>
      product(of(reshape(out, [o, i])), of(b), a, [count, i, a.shape[0]], { alpha: scale }),
    )
    const endings = loras.map(({ weight, mask }): Ending => {
      return { kind: 'merged', weight: of(weight), mask: mask && of(mask) }
    })
    multiplyAndEnd(gpu, merges, endings, (k) => {
      const { weight, mask } = loras[k]
      const delta = gpu.scratch([count, i])
      multiply(gpu, { ...merges[k], out: delta })
      if (mask) kernels.applyMask(delta, of(mask))
      kernels.convert(merges[k].out, of(weight))
      kernels.addScaled(merges[k].out, delta, 1)
    })
  }
}

const gradientNames = ['dA', 'dB', 'dOut', 'mask', 'a', 'b', 'dBias'] as const

/** Adapters of weights of one shape that read one input. */
function lorasBackward(gpu: Gpu, kernels: Parts, loras: readonly LoraGradient[], input: Tensor, scale: number): void {
  const isEven = gradientNames.every((name) => stepOf(loras.map((lora) => lora[name])) !== null)
  if (!isEven) return loras.forEach((one) => lorasBackward(gpu, kernels, [one], input, scale))
  const [{ a, b, mask, dBias }] = loras
  const [o, r, i] = [...b.shape, a.shape[1]]
  let scratch: Tensor | null = null
  let isSummed = dBias === null
  for (const window of weightWindows(gpu, o, i * loras.length)) {
    const { count, of } = window
    scratch ??= gpu.scratch([loras.length * count, i])
    const parts = loras.map((_, k) => slice(scratch as Tensor, k * count * i, [count, i]))
    const gradients = parts.map((g, k) => weightGradient(g, loras[k].dOut, input, o, i, window))
    const endings = (kind: 'summed' | 'masked') =>
      loras.map((lora): Ending => ({ kind, mask: lora.mask && of(lora.mask), rowSums: lora.dBias }))
    const sums = mask && !isSummed && count === o && input.length / i <= rowsAtOnce
    if (sums && multiplyAtOnce(gpu, gradients, endings('summed'))) isSummed = true
    else if (!mask) multiplyAll(gpu, gradients)
    else
      multiplyAndEnd(gpu, gradients, endings('masked'), (k) => {
        multiply(gpu, gradients[k])
        kernels.applyMask(parts[k], of(loras[k].mask ?? mask))
      })
    const grows = { alpha: scale, beta: 1 } as const
    const dAs = loras.map((lora, k) =>
      product(lora.dA, of(lora.b), parts[k], [r, i, count], { transA: true, ...grows }),
    )
    multiplyAll(gpu, dAs)
    const dBs = loras.map((lora, k) =>
      product(of(lora.dB), parts[k], lora.a, [count, r, i], { transB: true, ...grows }),
    )
    multiplyAll(gpu, dBs)
  }
  if (!isSummed) for (const { dBias: sum, dOut } of loras) if (sum) kernels.columnSum(sum, dOut)
}

export function adapters(gpu: Gpu, kernels: Parts): Adapters {
  return {
    loraWeight: (out, weight, mask, a, b, scale) => loraWeights(gpu, kernels, [{ out, weight, mask, a, b }], scale),
    loraWeights: (loras, scale) => loraWeights(gpu, kernels, loras, scale),
    loraBackward: (dA, dB, dOut, input, mask, a, b, scale, dBias = null) =>
      lorasBackward(gpu, kernels, [{ dA, dB, dOut, mask, a, b, dBias }], input, scale),
    lorasBackward: (loras, input, scale) => lorasBackward(gpu, kernels, loras, input, scale),
    scaleWeight: (out, weight, row, column, factor) =>
      runRows(
        gpu,
        scaled[dtypeCode(weight.dtype)],
        weight,
        weight.shape[0],
        (cut) => [cut(out), cut(weight), cut(row), column],
        [f32(factor)],
        true,
      ),
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      let scratch: Tensor | null = null
      for (const window of weightWindows(gpu, o, i)) {
        const { start, count } = window
        scratch ??= gpu.scratch([count, i])
        const g = rows(scratch, 0, count)
        multiply(gpu, weightGradient(g, dOut, input, o, i, window))
        gpu.run({
          variant: times[dtypeCode(weight.dtype)],
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
