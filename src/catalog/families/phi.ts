// Phi-1, 1.5 and 2: attention and MLP in parallel on one LayerNorm, part of each head rotated, biases everywhere.
import { family } from './familySpec.ts'

export const phi = family({
  modelType: 'phi',
  title: 'Phi',
  tensors: {
    'embed.token': 'embed_tokens',
    'attn.norm': 'layers.{block}.input_layernorm',
    'attn.q': 'layers.{block}.self_attn.q_proj',
    'attn.k': 'layers.{block}.self_attn.k_proj',
    'attn.v': 'layers.{block}.self_attn.v_proj',
    'attn.qNorm': 'layers.{block}.self_attn.q_layernorm',
    'attn.kNorm': 'layers.{block}.self_attn.k_layernorm',
    'attn.out': 'layers.{block}.self_attn.dense',
    'mlp.up': 'layers.{block}.mlp.fc1',
    'mlp.down': 'layers.{block}.mlp.fc2',
    finalNorm: 'final_layernorm',
    lmHead: 'lm_head',
  },
  activation: 'gelu_new',
  position: { fractionKeys: ['partial_rotary_factor'], fraction: 0.5 },
  norm: { kind: 'layerNorm', epsKey: 'layer_norm_eps', eps: 1e-5 },
  qkNorm: { key: 'qk_layernorm', kind: 'layerNorm' },
  mlp: 'dense',
  bias: { qkv: true, out: true, mlp: true, head: true },
  residual: 'parallelSharedNorm',
})
