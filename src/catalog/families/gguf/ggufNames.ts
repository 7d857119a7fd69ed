// Names that llama.cpp gives to tensors, the same for all its architectures.
import type { Slot } from '../familySpec.ts'
import type { Parameter } from '../parameters.ts'

const names: Readonly<Partial<Record<Slot, string>>> = {
  'embed.token': 'token_embd',
  'embed.position': 'position_embd',
  'attn.norm': 'attn_norm',
  'attn.outNorm': 'post_attention_norm',
  'attn.q': 'attn_q',
  'attn.k': 'attn_k',
  'attn.v': 'attn_v',
  'attn.qkv': 'attn_qkv',
  'attn.qNorm': 'attn_q_norm',
  'attn.kNorm': 'attn_k_norm',
  'attn.out': 'attn_output',
  'mlp.norm': 'ffn_norm',
  'mlp.outNorm': 'post_ffw_norm',
  'mlp.gate': 'ffn_gate',
  'mlp.up': 'ffn_up',
  'mlp.gateUp': 'ffn_up',
  'mlp.down': 'ffn_down',
  finalNorm: 'output_norm',
  lmHead: 'output',
}

/** null where llama.cpp has no such tensor. */
export function ggufName({ slot, block, kind }: Pick<Parameter, 'slot' | 'block' | 'kind'>): string | null {
  const name = names[slot]
  if (name === undefined) return null
  const part = kind === 'bias' || kind === 'normBias' ? 'bias' : 'weight'
  return block === null ? `${name}.${part}` : `blk.${block}.${name}.${part}`
}
