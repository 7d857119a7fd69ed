import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('unknown-family', {
  id: 'C2',
  title: 'An unknown model family',
  why: 'How blocks are computed must be known exactly: an unknown `model_type`, or a setting that changes the mathematics, is refused, not guessed. The Inspector opens the file anyway.',
})
