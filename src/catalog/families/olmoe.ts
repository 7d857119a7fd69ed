// OLMoE: LLaMA's order of norms, OLMo 2's norm over all heads, and experts in every block.
import { family } from './familySpec.ts'
import { olmo } from './olmo.ts'
import { qwen3Moe } from './qwen3Moe.ts'

export const olmoe = family({
  modelType: 'olmoe',
  title: 'OLMoE',
  tensors: qwen3Moe.tensors,
  keys: { headDim: null },
  norm: { eps: 1e-5 },
  qkNorm: 'rmsNormWide',
  bias: olmo.bias,
  mlp: 'moe',
  moe: { numExperts: 64 },
  refused: ['clip_qkv'],
})
