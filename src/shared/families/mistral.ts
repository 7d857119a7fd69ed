// Mistral: LLaMA's block with a sliding window (`sliding_window: null` = none) and no biases.
import type { FamilySpec } from './familySpec.ts'
import { llama, plainWindow } from './llama.ts'

export const mistral = {
  ...llama,
  modelType: 'mistral',
  title: 'Mistral',
  window: { ...plainWindow, otherwise: 4096, byType: true },
  bias: { qkv: false, out: false, mlp: false, head: false },
} as const satisfies FamilySpec
