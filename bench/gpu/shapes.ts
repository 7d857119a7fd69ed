// Blocks of real models, by the keys of their config.json, and the same in small.
export interface Shape {
  readonly name: string
  /** Blocks of the whole model. */
  readonly blocks: number
  readonly tokens: number
  /** Config of a model with one block and a small vocabulary. */
  readonly config: Record<string, unknown>
}

const vocabulary = { vocab_size: 2048, max_position_embeddings: 2048, num_hidden_layers: 1 }

const opt = (name: string, hidden: number, heads: number, blocks: number): Shape => ({
  name,
  blocks,
  tokens: 2048,
  config: { ...vocabulary, model_type: 'opt', hidden_size: hidden, ffn_dim: 4 * hidden, num_attention_heads: heads },
})

export const opt13: Shape = opt('OPT-1.3B', 2048, 32, 24)
export const opt30: Shape = opt('OPT-30B', 7168, 56, 48)
export const llama7: Shape = {
  name: 'LLaMA-7B',
  blocks: 32,
  tokens: 2048,
  config: {
    ...{ ...vocabulary, model_type: 'llama', hidden_size: 4096, intermediate_size: 11008 },
    ...{ num_attention_heads: 32, num_key_value_heads: 32, rms_norm_eps: 1e-5 },
  },
}

/** The block an order of magnitude narrower, on a few tokens. */
export function small({ config, ...shape }: Shape): Shape {
  const sizes = { hidden_size: 64, num_attention_heads: 4, vocab_size: 256, max_position_embeddings: 128 }
  const mlp = 'ffn_dim' in config ? { ffn_dim: 256 } : { intermediate_size: 172, num_key_value_heads: 4 }
  return { ...shape, name: `${shape.name}, in small`, tokens: 128, config: { ...config, ...sizes, ...mlp } }
}
