import { lowRankParameters, type AdapterRow } from './adapter.ts'

export const maskLora: AdapterRow = {
  title: 'MaskLoRA',
  formula: 'W + s·(BA)⊙M',
  advice: 'A low-rank update that keeps the zeros',
  parameters: lowRankParameters,
  ranked: true,
  wholeGradient: true,
  drawn: true,
  exact: true,
}
