import assert from 'node:assert/strict'
import { tensorRoles } from '../../../../src/catalog/families/tensorRoles.ts'

const text = {
  model_type: 'llama',
  vocab_size: 10,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 16,
}

describe('tensorRoles', () => {
  it('come from the family, and by name for what it does not know', () => {
    const names = new Set(['model.embed_tokens.weight', 'model.layers.0.mlp.up_proj.weight', 'layers.3.extra.weight'])
    const { familyKnown, of } = tensorRoles(text, names)
    assert.equal(familyKnown, true)
    const known = of('model.layers.0.mlp.up_proj.weight', [12, 8])
    assert.deepEqual(known, { role: 'linear', block: 0, module: 'mlp.up_proj', transposed: false })
    assert.deepEqual(
      [of('layers.3.extra.weight', [4, 4]).role, of('layers.3.extra.weight', [4, 4]).block],
      ['linear', 3],
    )
    assert.equal(tensorRoles({ model_type: 'rwkv' }, names).familyKnown, false)
  })

  it('do not count a vision tower as blocks of the text model beside it', () => {
    const tower = 'vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight'
    const linear = 'language_model.model.layers.0.mlp.up_proj.weight'
    const names = new Set(['language_model.model.embed_tokens.weight', linear, tower])
    const { of } = tensorRoles(
      { model_type: 'gemma3', text_config: { ...text, model_type: 'gemma3_text', num_key_value_heads: 2 } },
      names,
    )
    assert.deepEqual(of(tower, [8, 8]), { role: 'other', block: null, module: tower.slice(0, -7), transposed: false })
    assert.deepEqual([of(linear, [12, 8]).role, of(linear, [12, 8]).block], ['linear', 0])
  })
})
