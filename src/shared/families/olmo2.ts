// OLMo 2: the output of each branch is normed instead of its input, and all query or key heads of a token together.
import type { FamilySpec } from './familySpec.ts'
import { llama, llamaTensors } from './llama.ts'

const { 'attn.norm': _attnNorm, 'mlp.norm': _mlpNorm, ...sharedTensors } = llamaTensors

export const olmo2 = {
  ...llama,
  modelType: 'olmo2',
  title: 'OLMo 2',
  tensors: {
    ...sharedTensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
    'attn.outNorm': 'layers.{block}.post_attention_layernorm',
    'mlp.outNorm': 'layers.{block}.post_feedforward_layernorm',
  },
  norm: { ...llama.norm, eps: 1e-5 },
  qkNorm: 'rmsNormWide',
  bias: { ...llama.bias, mlp: false },
  residual: 'outNorm',
} as const satisfies FamilySpec
