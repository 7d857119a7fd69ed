// Qwen3: RMSNorm on each query and key head instead of biases.
import type { FamilySpec } from './familySpec.ts'
import { llama, llamaTensors } from './llama.ts'
import { qwen2 } from './qwen2.ts'

export const qwen3 = {
  ...llama,
  modelType: 'qwen3',
  title: 'Qwen3',
  tensors: {
    ...llamaTensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
  },
  headDim: 128,
  qkNorm: 'rmsNorm',
  window: qwen2.window,
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
    mlp: false,
    head: false,
  },
} as const satisfies FamilySpec
