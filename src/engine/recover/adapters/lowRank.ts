// W_eff = W + s·(B·A) ⊙ M: MaskLoRA, LoRA-Prune and the low-rank update of the head (docs/methods.md, "Adapters").
import { rows, type Tensor } from '../../compute/tensor.ts'
import type { RowRange } from '../../model/module.ts'
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
  return {
    effectiveWeight(backend, arena, linear, range) {
      const form = (out: Tensor) => {
        const { mask, b } = cut(p.trainMask, p.b, range)
        backend.kernels.loraWeight(out, linear.weight, mask, p.a, b, p.scale)
      }
      const part = range ? `${linear.name} ${range.start}–${range.end}` : linear.name
      return p.weights.of(arena, part, linear.weight.shape, form)
    },
    backward(backend, _arena, _linear, dOut, input, range, dBias) {
      const { mask, b } = cut(p.trainMask, p.b, range)
      const dB = range ? rows(p.dB, range.start, range.end) : p.dB
      backend.kernels.loraBackward(p.dA, dB, dOut, input, mask, p.a, b, p.scale, dBias)
    },
    merge(backend, linear, out, range) {
      const { mask, b } = cut(p.mergeMask, p.b, range)
      backend.kernels.loraWeight(out, linear.weight, mask, p.a, b, p.scale)
    },
  }
}

function cut(mask: Tensor | null, b: Tensor, range: RowRange | undefined) {
  if (!range) return { mask, b }
  const { start, end } = range
  return { mask: mask && rows(mask, start, end), b: rows(b, start, end) }
}
