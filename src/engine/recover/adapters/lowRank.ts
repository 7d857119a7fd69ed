// W_eff = W + s·(B·A) ⊙ M: MaskLoRA, LoRA-Prune and the low-rank update of the head (docs/methods.md, "Adapters").
import type { Arena } from '../../compute/arena.ts'
import type { Backend } from '../../compute/backend.ts'
import { rows, type Tensor } from '../../compute/tensor.ts'
import type { Adapter, AdaptersTogether, Linear, RowRange } from '../../model/module.ts'
import type { AdapterKind, AdapterParts, TrainableAdapter, Trained } from './adapter.ts'

/** MaskLoRA is `masked` while it trains; every kind merges under the mask. */
export function lowRankKind(masked: boolean): AdapterKind {
  return {
    parameters: ([numOut, numIn], rank) => [
      { suffix: 'lora_A', shape: [rank, numIn], start: 'drawn' },
      { suffix: 'lora_B', shape: [numOut, rank], start: 0 },
    ],
    create: (parts) => new LowRankAdapter(parts, masked ? parts.mask : null),
  }
}

class LowRankAdapter implements TrainableAdapter {
  readonly parts: AdapterParts
  /** A [r, I] and B [O, r]. */
  readonly a: Trained
  readonly b: Trained
  /**
   * u32 [O, ceil(I/32)]. While training, MaskLoRA has the pruning mask; LoRA-Prune and the head have no mask. Merging under a
   * mask is exact for MaskLoRA; LoRA-Prune loses what B·A put on pruned weights.
   */
  readonly trainMask: Tensor | null

  constructor(parts: AdapterParts, trainMask: Tensor | null) {
    this.parts = parts
    ;[this.a, this.b] = parts.trained
    this.trainMask = trainMask
  }

  effectiveWeight(backend: Backend, arena: Arena, linear: Linear, range?: RowRange): Tensor {
    const part = range ? `${linear.name} ${range.start}–${range.end}` : linear.name
    return this.parts.weights.of(arena, part, linear.weight.shape, (out) =>
      this.#form(backend, out, linear, this.trainMask, range),
    )
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
    const { a, b } = this
    const mask = this.trainMask && cut(this.trainMask, range)
    const [cutB, dB] = [cut(b.value, range), cut(b.grad, range)]
    backend.kernels.loraBackward(a.grad, dB, dOut, input, mask, a.value, cutB, this.parts.scale, dBias)
  }

  together(adapters: readonly (Adapter | null)[]): AdaptersTogether | null {
    const { scale, weights } = this.parts
    const shape = [this.b.value.shape[0], this.a.value.shape[1]] as const
    const all = adapters.flatMap((adapter) => (adapter instanceof LowRankAdapter ? adapter : []))
    const isAlike = ({ parts, a, b }: LowRankAdapter) =>
      parts.scale === scale && b.value.length === this.b.value.length && a.value.length === this.a.value.length
    if (all.length < adapters.length || !all.every(isAlike)) return null
    return {
      effectiveWeights({ kernels }, linears) {
        const names = linears.map(({ name }) => name)
        return weights.together(names, shape, (outs) => {
          const loras = all.map(({ trainMask: mask, a, b }, k) => ({
            out: outs[k],
            weight: linears[k].weight,
            mask,
            a: a.value,
            b: b.value,
          }))
          kernels.loraWeights(loras, scale)
        })
      },
      backward({ kernels }, dOuts, input, dBiases) {
        const loras = all.map(({ a, b, trainMask: mask }, k) => {
          const trained = { dA: a.grad, dB: b.grad, a: a.value, b: b.value }
          return { ...trained, mask, dOut: dOuts[k], dBias: dBiases[k] }
        })
        kernels.lorasBackward(loras, input, scale)
      },
    }
  }

  merge(backend: Backend, linear: Linear, out: Tensor, range?: RowRange): void {
    this.#form(backend, out, linear, this.parts.mask, range)
  }

  #form({ kernels }: Backend, out: Tensor, linear: Linear, mask: Tensor | null, range?: RowRange): void {
    const cutB = cut(this.b.value, range)
    kernels.loraWeight(out, linear.weight, mask && cut(mask, range), this.a.value, cutB, this.parts.scale)
  }
}

function cut(tensor: Tensor, range: RowRange | undefined): Tensor {
  return range ? rows(tensor, range.start, range.end) : tensor
}
