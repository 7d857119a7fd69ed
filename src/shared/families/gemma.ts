// Gemma 1: norms multiply by 1 + weight, embeddings are scaled by √hiddenSize.
import type { FamilySpec } from './familySpec.ts'
import { llama, llamaKeys } from './llama.ts'

export const gemma = {
  ...llama,
  modelType: 'gemma',
  title: 'Gemma',
  // transformers 4.52 and later compute with hidden_act and ignore hidden_activation, which 4.40 to 4.51 preferred.
  keys: { ...llamaKeys, activation: ['hidden_act', 'hidden_activation'] },
  headDim: 256,
  activation: 'gelu_pytorch_tanh',
  norm: { ...llama.norm, unitOffset: 1 },
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
    mlp: false,
    head: false,
  },
  scaledEmbedding: true,
  tied: true,
  refused: ['use_bidirectional_attention'],
} as const satisfies FamilySpec
