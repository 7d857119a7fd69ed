// Adapters: effective weights and the gradients of their factors. The gradient of a weight is computed for as many rows as fit a
// window, and contracted before that of the next rows is computed.
import type { Kernels, LoraGradient, LoraMerge } from '../../kernels.ts'
import { rows, slice, type Tensor } from '../../tensor.ts'
import { dtypeCode, elementShader, f32, floatsOf, halves, ofTypes, rowWindows, runEach, runRows } from '../shader.ts'
import type { Gpu } from '../shader.ts'
import { rowsAtOnce } from './reduce.ts'
import { multiply, multiplyAll, multiplyAndEnd, multiplyAtOnce, product, stepOf } from './gemm/multiply.ts'
import type { Ending, Product } from './gemm/multiply.ts'

type Parts = Pick<Kernels, 'applyMask' | 'columnSum' | 'convert' | 'addScaled'>

const loadWeight = halves + floatsOf('weight')

/** out = weight ⊙ (factor · row ⊗ column). */
const scaled = ofTypes(
  elementShader(
    'scaleWeight',
    { y: 'rw f32', weight: 'u32', row: 'f32', column: 'f32' },
    { columns: 'u32', factor: 'f32' },
    'y[p.yAt + i] = p.factor * row[p.rowAt + i / p.columns] * column[p.columnAt + i % p.columns] * weightFloat(p.weightAt + i);',
    loadWeight,
  ),
)

/** g = g ⊙ weight. */
const times = ofTypes(
  elementShader(
    'timesWeight',
    { y: 'rw f32', weight: 'u32' },
    {},
    'y[p.yAt + i] *= weightFloat(p.weightAt + i);',
    loadWeight,
  ),
)

/** dOut[:, rows]ᵀ · input for the `count` rows of g [rows,I] of a weight of `o` rows, from its row `start` on. */
function weightGradient(g: Tensor, dOut: Tensor, input: Tensor, o: number, start: number): Product {
  const [count, i] = g.shape
  const columns = slice(dOut, start, [dOut.length - start])
  return product(g, columns, input, [count, i, input.length / i], { transA: true, lda: o, exact: false, narrow: null })
}

/** Adapters of weights of one shape. */
function loraWeights(gpu: Gpu, kernels: Parts, loras: readonly LoraMerge[], scale: number): void {
  const [o, i] = loras[0].weight.shape
  for (const { count, cut } of rowWindows(gpu, o, i)) {
    const merging = { alpha: scale, narrow: null }
    const merges = loras.map(({ out, a, b }) => product(cut(out), cut(b), a, [count, i, a.shape[0]], merging))
    const endings = loras.map(({ weight, mask }): Ending => {
      return { kind: 'merged', weight: cut(weight), mask: mask && cut(mask) }
    })
    multiplyAndEnd(gpu, merges, endings, (k) => {
      const { weight, mask } = loras[k]
      const delta = gpu.scratch([count, i])
      multiply(gpu, { ...merges[k], out: delta })
      if (mask) kernels.applyMask(delta, cut(mask))
      kernels.convert(merges[k].out, cut(weight))
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
  for (const { start, count, cut } of rowWindows(gpu, o, i * loras.length)) {
    scratch ??= gpu.scratch([loras.length * count, i])
    const parts = loras.map((_, k) => slice(scratch as Tensor, k * count * i, [count, i]))
    const gradients = parts.map((g, k) => weightGradient(g, loras[k].dOut, input, o, start))
    const endings = (kind: 'summed' | 'masked') =>
      loras.map((lora): Ending => ({ kind, mask: lora.mask && cut(lora.mask), rowSums: lora.dBias }))
    const sums = mask && !isSummed && count === o && input.length / i <= rowsAtOnce
    if (sums && multiplyAtOnce(gpu, gradients, endings('summed'))) isSummed = true
    else if (!mask) multiplyAll(gpu, gradients)
    else
      multiplyAndEnd(gpu, gradients, endings('masked'), (k) => {
        multiply(gpu, gradients[k])
        kernels.applyMask(parts[k], cut(loras[k].mask ?? mask))
      })
    const grows = { alpha: scale, beta: 1 } as const
    const dAs = loras.map((lora, k) =>
      product(lora.dA, cut(lora.b), parts[k], [r, i, count], { transA: true, ...grows }),
    )
    multiplyAll(gpu, dAs)
    const dBs = loras.map((lora, k) =>
      product(cut(lora.dB), parts[k], lora.a, [count, r, i], { transB: true, ...grows }),
    )
    multiplyAll(gpu, dBs)
  }
  if (!isSummed) for (const { dBias: sum, dOut } of loras) if (sum) kernels.columnSum(sum, dOut)
}

export function adapters(gpu: Gpu, kernels: Parts) {
  return {
    loraWeight: (out, weight, mask, a, b, scale) => loraWeights(gpu, kernels, [{ out, weight, mask, a, b }], scale),
    loraWeights: (loras, scale) => loraWeights(gpu, kernels, loras, scale),
    loraBackward: (dA, dB, dOut, input, mask, a, b, scale, dBias = null) =>
      lorasBackward(gpu, kernels, [{ dA, dB, dOut, mask, a, b, dBias }], input, scale),
    lorasBackward: (loras, input, scale) => lorasBackward(gpu, kernels, loras, input, scale),
    scaleWeight(out, weight, row, column, factor) {
      const [o, i] = weight.shape
      runRows(gpu, scaled[dtypeCode(weight.dtype)], [o, i], [out, weight, row, { whole: column }], [f32(factor)])
    },
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      let scratch: Tensor | null = null
      for (const { start, count, cut } of rowWindows(gpu, o, i)) {
        scratch ??= gpu.scratch([count, i])
        const g = rows(scratch, 0, count)
        multiply(gpu, weightGradient(g, dOut, input, o, start))
        runEach(gpu, times[dtypeCode(weight.dtype)], count * i, [g, cut(weight)])
        const factors = { alpha: factor, beta: 1 }
        multiply(gpu, product(cut(dRow), column, g, [1, count, i], { transB: true, ...factors }))
        multiply(gpu, product(dColumn, cut(row), g, [1, i, count], factors))
      }
    },
  } satisfies Partial<Kernels>
}
