import { noCost, selectionCost, type PruneMethod } from './method.ts'

export const ria: PruneMethod = {
  title: 'RIA',
  formula: '|w| as a share of its row and of its column × root of the norm of its input',
  advice: 'Wanda, with weights relative to their row and column. Fast, needs text.',
  paper: 'Zhang et al., ICLR 2024',
  needs: 'norms',
  scopes: ['tensor', 'row', 'global'],
  keys: {},
  cost: { shared: () => noCost, matrix: selectionCost },
}
