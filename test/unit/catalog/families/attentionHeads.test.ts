import assert from 'node:assert/strict'
import { headSpans } from '../../../../src/catalog/families/attentionHeads.ts'

const llama = {
  model_type: 'llama',
  vocab_size: 32,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
}
const gpt2 = { model_type: 'gpt2', vocab_size: 32, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 16 }
const neox = {
  model_type: 'gpt_neox',
  rotary_pct: 0.5,
  vocab_size: 32,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 16,
}
/** Names as `ForCausalLM` classes save them, with the base model's prefix. */
const names = { has: (name: string) => /^(model|transformer|gpt_neox)\./.test(name) }
const spans = (config: unknown, name: string) => {
  const found = headSpans(config, names, name)
  return found && [found.along, ...found.spans.map(({ label, start, end }) => `${label}: ${start}-${end}`)]
}

describe('headSpans', () => {
  it('follows grouped heads along the outputs, and the output projection along its inputs', () => {
    const block = 'model.layers.0.self_attn'
    assert.deepEqual(spans(llama, `${block}.q_proj.weight`)?.slice(0, 3), ['rows', 'head 0: 0-4', 'head 1: 4-8'])
    assert.deepEqual(spans(llama, `${block}.k_proj.weight`), ['rows', 'head 0: 0-4', 'head 1: 4-8'])
    assert.deepEqual(spans(llama, `${block}.o_proj.weight`)?.slice(-1), ['head 3: 12-16'])
    assert.equal(spans(llama, `${block}.o_proj.weight`)?.[0], 'columns')
  })

  it('knows fused projections, stacked and per head, and matrices stored [in, out]', () => {
    const stacked = ['q 0: 0-4', 'q 1: 4-8', 'k 0: 8-12', 'k 1: 12-16', 'v 0: 16-20', 'v 1: 20-24']
    assert.deepEqual(spans(gpt2, 'transformer.h.0.attn.c_attn.weight'), ['columns', ...stacked])
    assert.equal(spans(gpt2, 'transformer.h.0.attn.c_proj.weight')?.[0], 'rows')
    const perHead = ['rows', 'head 0: 0-12', 'head 1: 12-24']
    assert.deepEqual(spans(neox, 'gpt_neox.layers.0.attention.query_key_value.weight'), perHead)
  })

  it('has no heads for other matrices and unknown models', () => {
    assert.equal(spans(llama, 'model.layers.0.mlp.up_proj.weight'), null)
    assert.equal(spans({ model_type: 'rwkv' }, 'model.layers.0.self_attn.q_proj.weight'), null)
    assert.equal(spans(null, 'x'), null)
  })
})
