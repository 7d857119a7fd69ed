// OLMo: LLaMA's block with norms that have no parameters.
import { family } from './familySpec.ts'
import { llama } from './llama.ts'

export const olmo = family({
  modelType: 'olmo',
  title: 'OLMo',
  norm: { kind: 'layerNorm', epsKey: null, eps: 1e-5, affine: false },
  bias: { ...llama.bias, mlp: false },
  refused: ['clip_qkv'],
})
