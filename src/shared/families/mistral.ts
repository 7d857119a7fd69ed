// Mistral: LLaMA's block with a sliding window (`sliding_window: null` = none) and no biases.
import type { FamilySpec } from './familySpec.ts'
import { llama } from './llama.ts'

export const mistral = {
  ...llama,
  modelType: 'mistral',
  title: 'Mistral',
  window: {
    key: 'sliding_window',
    otherwise: 4096,
    enabledKey: null,
    firstBlockKey: null,
    firstBlock: 0,
    byType: true,
    pattern: null,
  },
  bias: { qkv: false, out: false, mlp: false, head: false },
} as const satisfies FamilySpec
