import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('config-mismatch', {
  id: 'C4',
  title: 'config.json does not fit the weights',
  why: 'A tensor is missing or has another shape than config.json says: one of the two is from another model.',
})
