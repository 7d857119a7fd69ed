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
  peft: 'it was trained as W + s·(BA)⊙M, and PEFT knows no mask: loaded or merged by PEFT it is W + s·BA, another model without its zeros. Merged under the mask it is what was trained.',
}
