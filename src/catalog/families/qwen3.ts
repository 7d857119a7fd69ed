// Qwen3: RMSNorm on each query and key head instead of biases.
import { family, usualTensors } from './familySpec.ts'
import { qwen2 } from './qwen2.ts'

export const qwen3 = family({
  modelType: 'qwen3',
  title: 'Qwen3',
  tensors: {
    ...usualTensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
  },
  headDim: 128,
  qkNorm: 'rmsNorm',
  window: qwen2.window,
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
  },
})
