// Gemma 3, text only (270M, 1B): norms before and after each branch and of each head; five blocks of six see a window
// and turn by a theta of their own.
import type { FamilySpec } from './familySpec.ts'
import { gemma2 } from './gemma2.ts'
import { plainRope } from './llama.ts'

export const gemma3 = {
  ...gemma2,
  modelType: 'gemma3_text',
  title: 'Gemma 3',
  tensors: {
    ...gemma2.tensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
  },
  position: { ...plainRope, theta: 1e6, local: { thetaKey: 'rope_local_base_freq', theta: 10000 } },
  qkNorm: 'rmsNorm',
  softcap: {
    scores: { key: 'attn_logit_softcapping', otherwise: 0 },
    logits: { key: 'final_logit_softcapping', otherwise: 0 },
  },
  window: { ...gemma2.window, pattern: { everyKey: 'sliding_window_pattern', every: 6 } },
} as const satisfies FamilySpec
