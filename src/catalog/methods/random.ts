import { noCost, selectionCost, type PruneMethod } from './method.ts'

export const random: PruneMethod = {
  title: 'Random',
  formula: 'random, from the seed',
  advice: 'As a baseline.',
  paper: null,
  needs: 'nothing',
  seeded: true,
  scopes: ['tensor', 'row', 'global'],
  keys: {},
  cost: { shared: () => noCost, matrix: selectionCost },
}
