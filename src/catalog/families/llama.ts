// LLaMA 1, 2 and 3 and the many models of their shape (SmolLM, TinyLlama, Yi, …), and the parts its relatives share.
import { family } from './familySpec.ts'

export const llama = family({
  modelType: 'llama',
  title: 'LLaMA',
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
    mlp: { key: 'mlp_bias', otherwise: false },
  },
})
