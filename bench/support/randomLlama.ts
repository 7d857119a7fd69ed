// A random LLaMA-shaped checkpoint of 1.1 B parameters in bf16 (TinyLlama's numbers), for measuring memory and speed.
//   npx tsx bench/support/randomLlama.ts OUT [--blocks 22]
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { f32ToBf16 } from '../../src/engine/dtype.ts'
import { createRng } from '../../src/engine/rng.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { blocks: { type: 'string', default: '22' } },
})
const [out] = positionals
if (!out) {
  console.error('usage: randomLlama.ts OUT [--blocks N]')
  process.exit(2)
}
const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 32000,
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: Number(values.blocks),
  num_attention_heads: 32,
  num_key_value_heads: 4,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
}
const [hidden, mlp, kv] = [config.hidden_size, config.intermediate_size, 256]
const shapes: [string, number[]][] = [['model.embed_tokens.weight', [config.vocab_size, hidden]]]
for (let i = 0; i < config.num_hidden_layers; i++)
  for (const [name, shape] of [
    ['input_layernorm', [hidden]],
    ['self_attn.q_proj', [hidden, hidden]],
    ['self_attn.k_proj', [kv, hidden]],
    ['self_attn.v_proj', [kv, hidden]],
    ['self_attn.o_proj', [hidden, hidden]],
    ['post_attention_layernorm', [hidden]],
    ['mlp.gate_proj', [mlp, hidden]],
    ['mlp.up_proj', [mlp, hidden]],
    ['mlp.down_proj', [hidden, mlp]],
  ] as [string, number[]][])
    shapes.push([`model.layers.${i}.${name}.weight`, shape])
shapes.push(['model.norm.weight', [hidden]], ['lm_head.weight', [config.vocab_size, hidden]])

/** One pool of normal numbers (σ = 0.02), read from another place for every row: fast, and no two rows are equal. */
const rng = createRng(1, 'weights')
const pool = Uint16Array.from({ length: 1 << 20 }, () => f32ToBf16(0.02 * rng.normal()))
const ones = new Uint16Array(hidden).fill(f32ToBf16(1))

const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
let offset = 0
for (const [name, shape] of shapes) {
  const bytes = 2 * shape.reduce((a, b) => a * b, 1)
  header[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + bytes] }
  offset += bytes
}
const json = Buffer.from(JSON.stringify(header))
const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
const size = Buffer.alloc(8)
size.writeBigUInt64LE(BigInt(padded.length))

mkdirSync(out, { recursive: true })
writeFileSync(join(out, 'config.json'), JSON.stringify(config, null, 2))
const file = openSync(join(out, 'model.safetensors'), 'w')
writeSync(file, size)
writeSync(file, padded)
for (const [, shape] of shapes) {
  if (shape.length === 1) {
    writeSync(file, new Uint8Array(ones.buffer))
    continue
  }
  const [rows, columns] = shape
  const matrix = new Uint16Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    const at = rng.below(pool.length - columns)
    matrix.set(pool.subarray(at, at + columns), r * columns)
  }
  writeSync(file, new Uint8Array(matrix.buffer))
}
closeSync(file)
console.log(`${out}: ${(offset / 2e9).toFixed(2)} B parameters`)
