import type { AdapterRow } from './adapter.ts'

export const scaleLora: AdapterRow = {
  title: 'ScaleLoRA',
  formula: 'W⊙(BA), from BA = 1: one scale for each row and each column',
  advice: 'Row and column scales: keeps the zeros',
  parameters: (rows, columns) => rows + columns,
  ranked: false,
  wholeGradient: true,
  drawn: false,
  exact: true,
}
