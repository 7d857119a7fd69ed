// OLMo 2: each branch has a norm of its output instead of its input, and one norm covers all query or all key heads of a token.
import { family, usualTensors } from './familySpec.ts'
import { olmo } from './olmo.ts'

const { 'attn.norm': _attnNorm, 'mlp.norm': _mlpNorm, ...sharedTensors } = usualTensors

export const olmo2 = family({
  modelType: 'olmo2',
  title: 'OLMo 2',
  tensors: {
    ...sharedTensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
    'attn.outNorm': 'layers.{block}.post_attention_layernorm',
    'mlp.outNorm': 'layers.{block}.post_feedforward_layernorm',
  },
  norm: { eps: 1e-5 },
  qkNorm: 'rmsNormWide',
  bias: olmo.bias,
  residual: 'outNorm',
})
