// Gemma 3, or its text model: Gemma 2 with a norm of each head instead of caps; five blocks of six have a window and a rotary
// theta of their own. Released configurations of the larger models contain little more than their differences from the 4 B model.
import { family } from './familySpec.ts'
import { gemma2 } from './gemma2.ts'

export const gemma3 = family({
  ...gemma2,
  modelType: 'gemma3_text',
  title: 'Gemma 3',
  tensors: {
    ...gemma2.tensors,
    'attn.qNorm': 'layers.{block}.self_attn.q_norm',
    'attn.kNorm': 'layers.{block}.self_attn.k_norm',
  },
  defaults: {
    vocab_size: 262208,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    max_position_embeddings: 131072,
  },
  position: { theta: 1e6, local: { thetaKey: 'rope_local_base_freq', theta: 10000 } },
  qkNorm: 'rmsNorm',
  softcap: {
    // transformers reads attn_logit_softcapping and never uses it: its attention does not cap scores.
    scores: 0,
    logits: { key: 'final_logit_softcapping', otherwise: 0 },
  },
  window: { ...gemma2.window, pattern: { everyKey: 'sliding_window_pattern', every: 6 } },
})
