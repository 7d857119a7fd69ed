// LLaMA 1, 2 and 3 and the many models of their shape (SmolLM, TinyLlama, Yi, …), and the parts its relatives share.
import type { FamilySpec } from './familySpec.ts'

export const llamaTensors = {
  'embed.token': 'embed_tokens',
  'attn.norm': 'layers.{block}.input_layernorm',
  'attn.q': 'layers.{block}.self_attn.q_proj',
  'attn.k': 'layers.{block}.self_attn.k_proj',
  'attn.v': 'layers.{block}.self_attn.v_proj',
  'attn.out': 'layers.{block}.self_attn.o_proj',
  'mlp.norm': 'layers.{block}.post_attention_layernorm',
  'mlp.gate': 'layers.{block}.mlp.gate_proj',
  'mlp.up': 'layers.{block}.mlp.up_proj',
  'mlp.down': 'layers.{block}.mlp.down_proj',
  finalNorm: 'norm',
  lmHead: 'lm_head',
} as const

export const llamaKeys = {
  hiddenSize: 'hidden_size',
  intermediateSize: 'intermediate_size',
  numBlocks: 'num_hidden_layers',
  numHeads: 'num_attention_heads',
  numKvHeads: 'num_key_value_heads',
  headDim: 'head_dim',
  maxPositions: 'max_position_embeddings',
  activation: ['hidden_act'],
  embedSize: null,
} as const

export const plainRope = {
  kind: 'rope',
  thetaKeys: ['rope_theta'],
  theta: 10000,
  fractionKeys: [],
  fraction: 1,
  longropeNames: ['longrope', 'su'],
  originalPositions: null,
  local: null,
  without: null,
} as const

/** The setting holds for every block where it is given. */
export const plainWindow = {
  key: 'sliding_window',
  otherwise: null,
  enabledKey: null,
  firstBlockKey: null,
  firstBlock: 0,
  byType: false,
  pattern: null,
} as const

export const llama = {
  modelType: 'llama',
  title: 'LLaMA',
  prefix: 'model.',
  tensors: llamaTensors,
  ignored: ['rotary_emb.inv_freq'],
  keys: llamaKeys,
  defaults: {},
  headDim: null,
  activation: 'silu',
  activationAliases: {},
  aliases: {},
  position: plainRope,
  norm: { kind: 'rmsNorm', epsKey: 'rms_norm_eps', eps: 1e-6, unitOffset: 0, affine: true },
  finalNorm: true,
  projection: 'separate',
  qkNorm: 'none',
  scaling: null,
  softcap: { scores: 0, logits: 0 },
  window: null,
  mlp: 'gated',
  bias: {
    qkv: { key: 'attention_bias', otherwise: false },
    out: { key: 'attention_bias', otherwise: false },
    mlp: { key: 'mlp_bias', otherwise: false },
    head: false,
  },
  residual: 'preNorm',
  linearLayout: 'outIn',
  embedScale: 1,
  residualScale: 1,
  logitsDivisor: 1,
  tied: false,
  moe: null,
  refused: [],
} as const satisfies FamilySpec
