// Untrained checkpoints of the two sample architectures: bf16, random weights with residual projections smaller by
// √(2·blocks), as GPT-2 starts.
import { f32ToBf16 } from '../../src/engine/dtype.ts'
import { createRng } from '../../src/engine/rng.ts'

export const vocabSize = 2048
const hidden = 128
const context = 512

export const llamaConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabSize,
  hidden_size: hidden,
  intermediate_size: 352,
  num_hidden_layers: 10,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  hidden_act: 'silu',
  max_position_embeddings: context,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
  torch_dtype: 'bfloat16',
}

export const optConfig = {
  architectures: ['OPTForCausalLM'],
  model_type: 'opt',
  vocab_size: vocabSize,
  hidden_size: hidden,
  word_embed_proj_dim: hidden,
  ffn_dim: 512,
  num_hidden_layers: 8,
  num_attention_heads: 4,
  activation_function: 'relu',
  max_position_embeddings: context,
  do_layer_norm_before: true,
  enable_bias: true,
  layer_norm_elementwise_affine: true,
  dropout: 0,
  attention_dropout: 0,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
  pad_token_id: 0,
  torch_dtype: 'bfloat16',
}

type Kind = 'llama' | 'opt'
type Shapes = Record<string, number[]>

function llamaShapes(): Shapes {
  const c = llamaConfig
  const kv = c.num_key_value_heads * c.head_dim
  const shapes: Shapes = { 'model.embed_tokens.weight': [vocabSize, hidden] }
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const block = `model.layers.${i}`
    shapes[`${block}.input_layernorm.weight`] = [hidden]
    shapes[`${block}.self_attn.q_proj.weight`] = [hidden, hidden]
    shapes[`${block}.self_attn.k_proj.weight`] = [kv, hidden]
    shapes[`${block}.self_attn.v_proj.weight`] = [kv, hidden]
    shapes[`${block}.self_attn.o_proj.weight`] = [hidden, hidden]
    shapes[`${block}.post_attention_layernorm.weight`] = [hidden]
    shapes[`${block}.mlp.gate_proj.weight`] = [c.intermediate_size, hidden]
    shapes[`${block}.mlp.up_proj.weight`] = [c.intermediate_size, hidden]
    shapes[`${block}.mlp.down_proj.weight`] = [hidden, c.intermediate_size]
  }
  shapes['model.norm.weight'] = [hidden]
  return shapes
}

function optShapes(): Shapes {
  const c = optConfig
  const root = 'model.decoder'
  const shapes: Shapes = {
    [`${root}.embed_tokens.weight`]: [vocabSize, hidden],
    // OPT's positions begin at 2.
    [`${root}.embed_positions.weight`]: [context + 2, hidden],
  }
  const both = (name: string, out: number, input?: number) => {
    shapes[`${name}.weight`] = input === undefined ? [out] : [out, input]
    shapes[`${name}.bias`] = [out]
  }
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const block = `${root}.layers.${i}`
    for (const p of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) both(`${block}.self_attn.${p}`, hidden, hidden)
    both(`${block}.self_attn_layer_norm`, hidden)
    both(`${block}.fc1`, c.ffn_dim, hidden)
    both(`${block}.fc2`, hidden, c.ffn_dim)
    both(`${block}.final_layer_norm`, hidden)
  }
  both(`${root}.final_layer_norm`, hidden)
  return shapes
}

/** The LLaMA style's is GPT-2's; short trials of the OPT style, which has to learn its positions, did better with more. */
const initialDeviation = { llama: 0.02, opt: 0.05 }

/**
 * Large language models grow a channel or two that are large and nearly the same for every token; layers use what comes
 * through them as biases (Dettmers et al. 2022, arXiv 2208.07339; Sun et al. 2024, arXiv 2402.17762). Magnitude pruning
 * breaks that. So that it shows on a small model, both start with one.
 *
 * OPT style: a bias in the LayerNorms of the blocks; not the last LayerNorm, whose head is never pruned.
 *
 * LLaMA style, which has no biases: every token's embedding has it. The last norm starts with 0 there, or the tied head
 * would read it. RMSNorm divides by a root mean square that the channel decides: the other embeddings start larger.
 */
const outlierChannel = 7
const outlier = { layerNormBias: 20, embedding: 40, scale: 10 }

/** What a tensor's i-th value starts with: norm weights 1, biases 0, the rest random, but for the outlier's. */
function startOf(kind: Kind, name: string, shape: number[], random: () => number): (i: number) => number {
  const channels = shape[shape.length - 1]
  const isOutlier = (i: number) => i % channels === outlierChannel
  if (/layers\.\d+\..*layer_norm\.bias$/.test(name)) return (i) => (isOutlier(i) ? outlier.layerNormBias : 0)
  if (name.endsWith('.bias')) return () => 0
  if (kind === 'llama' && name === 'model.norm.weight') return (i) => (isOutlier(i) ? 0 : 1)
  if (shape.length === 1) return () => 1
  if (kind === 'llama' && name === 'model.embed_tokens.weight')
    return (i) => (isOutlier(i) ? outlier.embedding : outlier.scale * random())
  return random
}

const residual = /(o_proj|out_proj|down_proj|fc2)\.weight$/

/** The bytes of a safetensors file: length, header padded to 8, data in the given order. */
function safetensors(tensors: [name: string, dtype: string, shape: number[], data: Buffer][]): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let offset = 0
  for (const [name, dtype, shape, data] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] }
    offset += data.length
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([size, padded, ...tensors.map(([, , , data]) => data)])
}

/** The same seed gives the same bytes. */
export function freshWeights(kind: Kind, seed: number): Buffer {
  const shapes = kind === 'llama' ? llamaShapes() : optShapes()
  const blocks = kind === 'llama' ? llamaConfig.num_hidden_layers : optConfig.num_hidden_layers
  return safetensors(
    Object.entries(shapes).map(([name, shape]) => {
      const rng = createRng(seed, name)
      const deviation = initialDeviation[kind] / (residual.test(name) ? Math.sqrt(2 * blocks) : 1)
      const start = startOf(kind, name, shape, () => deviation * rng.normal())
      const length = shape.reduce((a, b) => a * b, 1)
      const bits = Uint16Array.from({ length }, (_, i) => f32ToBf16(start(i)))
      return [name, 'BF16', shape, Buffer.from(bits.buffer)]
    }),
  )
}

/** One I32 tensor `ids` [rows, columns]. */
export function idsFile(ids: Int32Array, columns: number): Buffer {
  return safetensors([['ids', 'I32', [ids.length / columns, columns], Buffer.from(ids.buffer)]])
}
