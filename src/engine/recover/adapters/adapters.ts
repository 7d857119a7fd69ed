// The arithmetic of every adapter, by the name of its row, and of the low-rank update that a head gets.
import type { AdapterName } from '../../../shared/adapters/adapters.ts'
import type { AdapterKind } from './adapter.ts'
import { lowRankKind } from './lowRank.ts'
import { scaleKind } from './scale.ts'

/** `low_rank` is the head's: no mask. */
export type AdapterKindName = AdapterName | 'low_rank'

export const adapterKinds: Readonly<Record<AdapterKindName, AdapterKind>> = {
  mask_lora: lowRankKind(true),
  lora_prune: lowRankKind(false),
  scale_lora: scaleKind,
  low_rank: lowRankKind(false),
}
