// Gemma 1: norms multiply by 1 + weight, embeddings are scaled by √hiddenSize.
import type { FamilySpec } from './familySpec.ts'
import { llama, llamaKeys } from './llama.ts'

export const gemma = {
  ...llama,
  modelType: 'gemma',
  title: 'Gemma',
  keys: { ...llamaKeys, activation: ['hidden_activation', 'hidden_act'] },
  headDim: 256,
  activation: 'gelu_pytorch_tanh',
  // Released files call the tanh approximation gelu.
  activationAliases: { gelu: 'gelu_pytorch_tanh' },
  norm: { ...llama.norm, unitOffset: 1 },
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
    mlp: false,
    head: false,
  },
  embedScale: '√hiddenSize',
  tied: true,
  refused: ['use_bidirectional_attention'],
} as const satisfies FamilySpec
