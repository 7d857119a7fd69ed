// StarCoder2: LLaMA's attention with biases, LayerNorms, and an MLP without a gate.
import { family, usualTensors } from './familySpec.ts'

const { 'mlp.gate': _gate, ...sharedTensors } = usualTensors
const bias = { key: 'use_bias', otherwise: true } as const

export const starcoder2 = family({
  modelType: 'starcoder2',
  title: 'StarCoder2',
  tensors: {
    ...sharedTensors,
    'mlp.up': 'layers.{block}.mlp.c_fc',
    'mlp.down': 'layers.{block}.mlp.c_proj',
  },
  activation: 'gelu_pytorch_tanh',
  norm: { kind: 'layerNorm', epsKey: 'norm_epsilon', eps: 1e-5 },
  window: {},
  mlp: 'dense',
  bias: { qkv: bias, out: bias, mlp: bias },
  tied: true,
})
