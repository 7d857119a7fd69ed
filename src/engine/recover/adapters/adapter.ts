// An adapter that can be folded into the weight it stands on.
import type { Backend } from '../../compute/backend.ts'
import type { Tensor } from '../../compute/tensor.ts'
import type { EffectiveWeights } from '../effectiveWeights.ts'
import type { Adapter, Linear, RowRange } from '../../model/module.ts'

export interface TrainableAdapter extends Adapter {
  /** out [O, I] f32 = the weight that stays when the adapter is gone; pruned entries stay exactly 0. `range` as in `Adapter`. */
  merge(backend: Backend, linear: Linear, out: Tensor, range?: RowRange): void
}

/** A trained parameter and its gradient. */
export interface Trained {
  readonly value: Tensor
  readonly grad: Tensor
}

/** The parts that make an adapter of one linear. */
export interface AdapterParts {
  /** Trained parameters in the order of the kind's `parameters`. */
  readonly trained: readonly Trained[]
  /** Bits [O, ceil(I/32)]; null where every weight stays. */
  readonly mask: Tensor | null
  readonly rank: number
  /** alpha / rank */
  readonly scale: number
  readonly weights: EffectiveWeights
}

/** One kind of adapter: the arithmetic of a row in src/catalog/adapters, or of the head's low-rank update. */
export interface AdapterKind {
  /** Its parameters for a linear [O, I], in the order of the arena; names follow the linear's. */
  parameters(shape: readonly [number, number], rank: number): readonly AdapterParameter[]
  create(parts: AdapterParts): TrainableAdapter
}

export interface AdapterParameter {
  /** Suffix of its name: `lora_A` and `lora_B` as in peft, or a vector of ScaleLoRA. */
  readonly suffix: string
  readonly shape: readonly number[]
  /** Number of equal parameters that it stands for in the norm of the gradient. */
  readonly copies?: number
  /** Start value: drawn (or from the file of start matrices), or one number everywhere. */
  readonly start: 'drawn' | number
}
