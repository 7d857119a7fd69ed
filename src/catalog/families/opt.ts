// OPT: learned positions that count real tokens; 350m normalises after each branch and projects its embeddings.
import { family } from './familySpec.ts'

export const opt = family({
  modelType: 'opt',
  title: 'OPT',
  tensors: {
    'embed.token': 'decoder.embed_tokens',
    'embed.position': 'decoder.embed_positions',
    'embed.in': 'decoder.project_in',
    'embed.out': 'decoder.project_out',
    'attn.norm': 'decoder.layers.{block}.self_attn_layer_norm',
    'attn.q': 'decoder.layers.{block}.self_attn.q_proj',
    'attn.k': 'decoder.layers.{block}.self_attn.k_proj',
    'attn.v': 'decoder.layers.{block}.self_attn.v_proj',
    'attn.out': 'decoder.layers.{block}.self_attn.out_proj',
    'mlp.norm': 'decoder.layers.{block}.final_layer_norm',
    'mlp.up': 'decoder.layers.{block}.fc1',
    'mlp.down': 'decoder.layers.{block}.fc2',
    finalNorm: 'decoder.final_layer_norm',
    lmHead: 'lm_head',
  },
  ignored: ['decoder.version'],
  keys: {
    intermediateSize: 'ffn_dim',
    numKvHeads: null,
    headDim: null,
    activation: ['activation_function'],
    embedSize: 'word_embed_proj_dim',
  },
  activation: 'relu',
  position: { kind: 'learned', offset: 2, fromMask: true },
  norm: {
    kind: 'layerNorm',
    epsKey: null,
    eps: 1e-5,
    affine: { key: 'layer_norm_elementwise_affine', otherwise: true },
  },
  finalNorm: { unlessKey: '_remove_final_layer_norm', unlessPostNorm: true },
  mlp: 'dense',
  bias: {
    qkv: { key: 'enable_bias', otherwise: true },
    out: { key: 'enable_bias', otherwise: true },
    mlp: { key: 'enable_bias', otherwise: true },
  },
  residual: { key: 'do_layer_norm_before', otherwise: true, yes: 'preNorm', no: 'postNorm' },
  tied: true,
})
