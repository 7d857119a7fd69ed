// Granite 3: LLaMA's block with multipliers on embeddings, scores, branches and logits.
import { family } from './familySpec.ts'
import { llama } from './llama.ts'

export const granite = family({
  modelType: 'granite',
  title: 'Granite',
  bias: llama.bias,
  scaling: { key: 'attention_multiplier', otherwise: 1, is: 'scale' },
  embedScale: { key: 'embedding_multiplier', otherwise: 1 },
  residualScale: { key: 'residual_multiplier', otherwise: 1 },
  logitsDivisor: { key: 'logits_scaling', otherwise: 1 },
})
