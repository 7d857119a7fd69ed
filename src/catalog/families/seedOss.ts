// Seed-OSS: LLaMA's block with biases on q, k and v and a head size of its own.
import { family } from './familySpec.ts'
import { llama } from './llama.ts'

export const seedOss = family({
  modelType: 'seed_oss',
  title: 'Seed-OSS',
  headDim: 128,
  bias: {
    ...llama.bias,
    qkv: { key: 'attention_bias', otherwise: true },
    out: { key: 'attention_out_bias', otherwise: false },
  },
})
