// Gemma 2: Gemma's embeddings and norms, with norms after each branch too; scores and logits are capped; every second block has a window.
import { family, usualTensors } from './familySpec.ts'
import { gemma } from './gemma.ts'

export const gemma2 = family({
  ...gemma,
  modelType: 'gemma2',
  title: 'Gemma 2',
  tensors: {
    ...usualTensors,
    'attn.outNorm': 'layers.{block}.post_attention_layernorm',
    'mlp.norm': 'layers.{block}.pre_feedforward_layernorm',
    'mlp.outNorm': 'layers.{block}.post_feedforward_layernorm',
  },
  keys: { activation: ['hidden_activation'] },
  activationAliases: {},
  scaling: { key: 'query_pre_attn_scalar', otherwise: 256, is: 'headDim' },
  softcap: {
    scores: { key: 'attn_logit_softcapping', otherwise: 50 },
    logits: { key: 'final_logit_softcapping', otherwise: 30 },
  },
  window: { otherwise: 4096, byType: true, pattern: { everyKey: null, every: 2 } },
  residual: 'sandwichNorm',
})
