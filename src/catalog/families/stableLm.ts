// StableLM: LLaMA's linears, LayerNorms, and a quarter of each head rotated; branches one after the other or in parallel.
import { family } from './familySpec.ts'

export const stableLm = family({
  modelType: 'stablelm',
  title: 'StableLM',
  position: { fractionKeys: ['partial_rotary_factor'], fraction: 0.25 },
  norm: { kind: 'layerNorm', epsKey: 'layer_norm_eps', eps: 1e-5 },
  bias: { qkv: { key: 'use_qkv_bias', otherwise: false } },
  residual: { key: 'use_parallel_residual', otherwise: false, yes: 'parallelSharedNorm', no: 'preNorm' },
  // `qk_layernorm` gives each head a norm with parameters of its own.
  refused: ['qk_layernorm'],
})
