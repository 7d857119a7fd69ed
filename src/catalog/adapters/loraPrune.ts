import { lowRankParameters, type AdapterRow } from './adapter.ts'

export const loraPrune: AdapterRow = {
  title: 'LoRA-Prune',
  formula: 'W + s·BA, merged as W + s·(BA)⊙M',
  advice: 'A low-rank update, pruned when it is merged (by PERP; not LoRAPrune, a structured method)',
  parameters: lowRankParameters,
  ranked: true,
  wholeGradient: false,
  drawn: true,
  exact: false,
}
