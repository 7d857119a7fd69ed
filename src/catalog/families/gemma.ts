// Gemma 1: norms multiply by 1 + weight, embeddings are scaled by √hiddenSize.
import { family } from './familySpec.ts'

export const gemma = family({
  modelType: 'gemma',
  title: 'Gemma',
  keys: { activation: ['hidden_activation', 'hidden_act'] },
  headDim: 256,
  activation: 'gelu_pytorch_tanh',
  // Released files call the tanh approximation gelu.
  activationAliases: { gelu: 'gelu_pytorch_tanh' },
  norm: { unitOffset: 1 },
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
  },
  embedScale: '√hiddenSize',
  tied: true,
  refused: ['use_bidirectional_attention'],
})
