import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('damaged-weights', {
  id: 'C3',
  title: 'Damaged weights',
  why: 'A shard of the index is missing, or sizes and offsets in the file are impossible. Usually a download was interrupted.',
})
