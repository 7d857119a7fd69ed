import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('quantised-weights', {
  id: 'C5',
  title: 'Quantised weights',
  why: 'Pruning compares and changes weights as numbers. It needs F32, F16 or BF16, not packed or FP8 weights.',
})
