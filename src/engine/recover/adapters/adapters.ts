// The arithmetic of every adapter, by the name of its row, and of the low-rank update of a head.
import type { AdaptedLinear } from '../../../plan/trainable.ts'
import type { AdapterKind } from './adapter.ts'
import { lowRankKind } from './lowRank.ts'
import { scaleKind } from './scale.ts'

export const adapterKinds: Readonly<Record<AdaptedLinear['kind'], AdapterKind>> = {
  mask_lora: lowRankKind(true),
  lora_prune: lowRankKind(false),
  scale_lora: scaleKind,
  low_rank: lowRankKind(false),
}
