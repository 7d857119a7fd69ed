// Granite 3: LLaMA's block with multipliers on embeddings, scores, branches and logits.
import type { FamilySpec } from './familySpec.ts'
import { llama } from './llama.ts'

export const granite = {
  ...llama,
  modelType: 'granite',
  title: 'Granite',
  scaling: { key: 'attention_multiplier', otherwise: 1, is: 'scale' },
  embedScale: { key: 'embedding_multiplier', otherwise: 1 },
  residualScale: { key: 'residual_multiplier', otherwise: 1 },
  logitsDivisor: { key: 'logits_scaling', otherwise: 1 },
} as const satisfies FamilySpec
