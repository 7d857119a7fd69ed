// OLMoE: LLaMA's order of norms, OLMo 2's norm over all heads, and experts in every block.
import type { FamilySpec } from './familySpec.ts'
import { llama } from './llama.ts'
import { qwen3Moe } from './qwen3Moe.ts'

export const olmoe = {
  ...llama,
  modelType: 'olmoe',
  title: 'OLMoE',
  tensors: qwen3Moe.tensors,
  keys: { ...llama.keys, headDim: null },
  norm: { ...llama.norm, eps: 1e-5 },
  qkNorm: 'rmsNormWide',
  bias: { ...llama.bias, mlp: false },
  mlp: 'moe',
  moe: { ...qwen3Moe.moe, numExperts: 64 },
  refused: ['clip_qkv'],
} as const satisfies FamilySpec
