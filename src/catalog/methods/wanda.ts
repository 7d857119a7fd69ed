import { noCost, selectionCost, type PruneMethod } from './method.ts'

export const wanda: PruneMethod = {
  title: 'Wanda',
  formula: '|w| × norm of its input',
  advice: 'Weight times the norm of its input. Fast, needs text.',
  paper: 'arXiv 2306.11695',
  needs: 'norms',
  scopes: ['row', 'tensor', 'global'],
  keys: {},
  cost: { shared: () => noCost, matrix: selectionCost },
}
