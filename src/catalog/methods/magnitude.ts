import { noCost, selectionCost, type PruneMethod } from './method.ts'

export const magnitude: PruneMethod = {
  title: 'Magnitude',
  formula: '|w|',
  advice: 'The smallest weights. Needs no text; needs recovery.',
  paper: null,
  needs: 'nothing',
  scopes: ['tensor', 'row', 'global'],
  keys: {},
  cost: { shared: () => noCost, matrix: selectionCost },
}
