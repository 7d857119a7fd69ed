// Gemma 3, text only (270M, 1B): norms before and after each branch and of each head; five blocks of six see a window
// and turn by a theta of their own.
import type { FamilySpec } from './familySpec.ts'
import { gemma } from './gemma.ts'
import { llamaTensors, plainRope } from './llama.ts'

export const gemma3 = {
  ...gemma,
  modelType: 'gemma3_text',
  title: 'Gemma 3',
  tensors: {
    ...llamaTensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
    'attn.outNorm': 'layers.{block}.post_attention_layernorm',
    'mlp.norm': 'layers.{block}.pre_feedforward_layernorm',
    'mlp.outNorm': 'layers.{block}.post_feedforward_layernorm',
  },
  keys: { ...gemma.keys, activation: ['hidden_activation'] },
  activationAliases: {},
  position: { ...plainRope, theta: 1e6, local: { thetaKey: 'rope_local_base_freq', theta: 10000 } },
  qkNorm: 'rmsNorm',
  scaling: { key: 'query_pre_attn_scalar', otherwise: 256, is: 'headDim' },
  window: {
    key: 'sliding_window',
    otherwise: 4096,
    enabledKey: null,
    firstBlockKey: null,
    firstBlock: 0,
    byType: true,
    pattern: { everyKey: 'sliding_window_pattern', every: 6 },
  },
  residual: 'sandwichNorm',
  refused: ['use_bidirectional_attention', 'attn_logit_softcapping', 'final_logit_softcapping'],
} as const satisfies FamilySpec
