// config.json of well-known models, for random weights of their shape.
export interface Shape {
  readonly config: Readonly<Record<string, unknown>>
  readonly blocks: number
  /** Inputs of the widest linear. */
  readonly widest: number
}

const llama = (hidden: number, mlp: number, heads: number, keyHeads: number, blocks: number): Shape => ({
  blocks,
  widest: mlp,
  config: {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 32000,
    hidden_size: hidden,
    intermediate_size: mlp,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  },
})

const opt = {
  architectures: ['OPTForCausalLM'],
  model_type: 'opt',
  vocab_size: 50272,
  max_position_embeddings: 2048,
  activation_function: 'relu',
  do_layer_norm_before: true,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
}

export const shapes: Readonly<Record<string, Shape>> = {
  tinyllama: llama(2048, 5632, 32, 4, 22),
  'llama-7b': llama(4096, 11008, 32, 32, 32),
  'llama-30b': llama(6656, 17920, 52, 52, 60),
  'opt-125m': {
    blocks: 12,
    widest: 3072,
    config: { ...opt, hidden_size: 768, word_embed_proj_dim: 768, ffn_dim: 3072, num_attention_heads: 12 },
  },
  'opt-30b': {
    blocks: 48,
    widest: 28672,
    config: { ...opt, hidden_size: 7168, word_embed_proj_dim: 7168, ffn_dim: 28672, num_attention_heads: 56 },
  },
}
