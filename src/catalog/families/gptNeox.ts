// GPT-NeoX and Pythia: attention and MLP in parallel with a norm each (or one after the other), fused q, k, v by head.
import { family } from './familySpec.ts'

export const gptNeox = family({
  modelType: 'gpt_neox',
  title: 'GPT-NeoX / Pythia',
  prefix: 'gpt_neox.',
  tensors: {
    'embed.token': 'embed_in',
    'attn.norm': 'layers.{block}.input_layernorm',
    'attn.qkv': 'layers.{block}.attention.query_key_value',
    'attn.out': 'layers.{block}.attention.dense',
    'mlp.norm': 'layers.{block}.post_attention_layernorm',
    'mlp.up': 'layers.{block}.mlp.dense_h_to_4h',
    'mlp.down': 'layers.{block}.mlp.dense_4h_to_h',
    finalNorm: 'final_layer_norm',
    lmHead: 'embed_out',
  },
  ignored: ['attention.bias', 'attention.masked_bias', 'rotary_emb.inv_freq'],
  keys: { numKvHeads: null, headDim: null },
  activation: 'gelu',
  position: { thetaKeys: ['rotary_emb_base'], fractionKeys: ['rotary_pct'], fraction: 0.25 },
  norm: { kind: 'layerNorm', epsKey: 'layer_norm_eps', eps: 1e-5 },
  projection: 'fusedPerHead',
  mlp: 'dense',
  bias: {
    qkv: { key: 'attention_bias', otherwise: true },
    out: { key: 'attention_bias', otherwise: true },
    mlp: true,
  },
  residual: { key: 'use_parallel_residual', otherwise: true, yes: 'parallel', no: 'preNorm' },
})
