// OLMo: LLaMA's block with norms that have no parameters.
import type { FamilySpec } from './familySpec.ts'
import { llama } from './llama.ts'

export const olmo = {
  ...llama,
  modelType: 'olmo',
  title: 'OLMo',
  norm: { kind: 'layerNorm', epsKey: null, eps: 1e-5, unitOffset: 0, affine: false },
  bias: { ...llama.bias, mlp: false },
  refused: ['clip_qkv'],
} as const satisfies FamilySpec
