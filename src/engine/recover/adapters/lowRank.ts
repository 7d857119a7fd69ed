// W_eff = W + s·(B·A) ⊙ M: MaskLoRA, LoRA-Prune and the low-rank update of the head (docs/methods.md, "Adapters").
import type { Arena } from '../../compute/arena.ts'
import type { Backend } from '../../compute/backend.ts'
import { rows, type Tensor } from '../../compute/tensor.ts'
import type { Adapter, AdaptersTogether, Linear, RowRange } from '../../model/module.ts'
import type { AdapterKind, EffectiveWeights, TrainableAdapter } from './adapter.ts'

interface LowRankParameters {
  /** A [r, I], B [O, r] and their gradients. */
  readonly a: Tensor
  readonly b: Tensor
  readonly dA: Tensor
  readonly dB: Tensor
  /** alpha / rank */
  readonly scale: number
  /**
   * u32 [O, ceil(I/32)]. While training, MaskLoRA has the pruning mask; LoRA-Prune and the head have no mask. Merging under a
   * mask is exact for MaskLoRA; LoRA-Prune loses what B·A put on pruned weights.
   */
  readonly trainMask: Tensor | null
  readonly mergeMask: Tensor | null
  readonly weights: EffectiveWeights
}

/** MaskLoRA is `masked` while it trains; every kind merges under the mask. */
export function lowRankKind(masked: boolean): AdapterKind {
  return {
    parameters: ([numOut, numIn], rank) => [
      { suffix: 'lora_A', shape: [rank, numIn], start: 'drawn' },
      { suffix: 'lora_B', shape: [numOut, rank], start: 0 },
    ],
    create({ trained: [a, b], mask, scale, weights }) {
      const matrices = { a: a.value, dA: a.grad, b: b.value, dB: b.grad, scale }
      return createLowRankAdapter({ ...matrices, trainMask: masked ? mask : null, mergeMask: mask, weights })
    },
  }
}

export function createLowRankAdapter(p: LowRankParameters): TrainableAdapter {
  return new LowRankAdapter(p)
}

class LowRankAdapter implements TrainableAdapter {
  readonly p: LowRankParameters

  constructor(p: LowRankParameters) {
    this.p = p
  }

  effectiveWeight(backend: Backend, arena: Arena, linear: Linear, range?: RowRange): Tensor {
    const { p } = this
    const form = (out: Tensor) => {
      const { mask, b } = cut(p.trainMask, p.b, range)
      backend.kernels.loraWeight(out, linear.weight, mask, p.a, b, p.scale)
    }
    const part = range ? `${linear.name} ${range.start}–${range.end}` : linear.name
    return p.weights.of(arena, part, linear.weight.shape, form)
  }

  backward(
    backend: Backend,
    _arena: Arena,
    _linear: Linear,
    dOut: Tensor,
    input: Tensor,
    range?: RowRange,
    dBias?: Tensor | null,
  ): void {
    const { p } = this
    const { mask, b } = cut(p.trainMask, p.b, range)
    const dB = range ? rows(p.dB, range.start, range.end) : p.dB
    backend.kernels.loraBackward(p.dA, dB, dOut, input, mask, p.a, b, p.scale, dBias)
  }

  together(adapters: readonly (Adapter | null)[]): AdaptersTogether | null {
    const { p } = this
    const all = adapters.flatMap((adapter) => (adapter instanceof LowRankAdapter ? adapter.p : []))
    const isAlike = (one: LowRankParameters) =>
      one.scale === p.scale && one.b.length === p.b.length && one.a.length === p.a.length
    if (all.length < adapters.length || !all.every(isAlike)) return null
    return {
      effectiveWeights({ kernels }, linears) {
        const names = linears.map(({ name }) => name)
        return p.weights.together(names, [p.b.shape[0], p.a.shape[1]], (outs) => {
          const loras = all.map(({ trainMask: mask, a, b }, k) => ({
            out: outs[k],
            weight: linears[k].weight,
            mask,
            a,
            b,
          }))
          kernels.loraWeights(loras, p.scale)
        })
      },
      backward({ kernels }, dOuts, input, dBiases) {
        const loras = all.map(({ dA, dB, a, b, trainMask: mask }, k) => {
          return { dA, dB, a, b, mask, dOut: dOuts[k], dBias: dBiases[k] }
        })
        kernels.lorasBackward(loras, input, p.scale)
      },
    }
  }

  merge(backend: Backend, linear: Linear, out: Tensor, range?: RowRange): void {
    const { p } = this
    const { mask, b } = cut(p.mergeMask, p.b, range)
    backend.kernels.loraWeight(out, linear.weight, mask, p.a, b, p.scale)
  }
}

function cut(mask: Tensor | null, b: Tensor, range: RowRange | undefined) {
  if (!range) return { mask, b }
  const { start, end } = range
  return { mask: mask && rows(mask, start, end), b: rows(b, start, end) }
}
