// An adapter that can be folded into the weight it stands on.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Adapter, Linear } from '../model/module.ts'

export const adapterKinds = ['mask_lora', 'scale_lora', 'lora_prune'] as const

/** Recipe names of the reparametrisations of block linears. */
export type AdapterKind = (typeof adapterKinds)[number]

export interface TrainableAdapter extends Adapter {
  /** out [O, I] f32 = the weight that stays when the adapter is gone; pruned entries stay exactly 0. */
  merge(backend: Backend, linear: Linear, out: Tensor): void
}
