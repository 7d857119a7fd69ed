import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('damaged-weights', {
  id: 'C3',
  title: 'Damaged weights',
  why: 'A shard of the index is missing, or sizes and offsets of the file cannot be true. Most often a download was cut off.',
})
