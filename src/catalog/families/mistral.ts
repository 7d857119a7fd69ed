// Mistral: LLaMA's block with a sliding window (`sliding_window: null` = none) and no biases.
import { family } from './familySpec.ts'

export const mistral = family({
  modelType: 'mistral',
  title: 'Mistral',
  window: { otherwise: 4096, byType: true },
})
