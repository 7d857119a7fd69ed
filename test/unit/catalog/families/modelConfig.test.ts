import assert from 'node:assert/strict'
import { moduleName } from '../../../../src/catalog/families/parameters.ts'
import { readModelConfig } from '../../../../src/catalog/families/modelConfig.ts'

const llama = {
  model_type: 'llama',
  vocab_size: 10,
  hidden_size: 16,
  intermediate_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  max_position_embeddings: 64,
}
const qwen2 = { ...llama, model_type: 'qwen2' }
const read = (config: object) => readModelConfig(config)
const ropesOf = (config: object) => {
  const { position } = read(config)
  return position.kind === 'rope' ? position.byBlock : assert.fail()
}
const ropeOf = (config: object) => ropesOf(config)[0] ?? assert.fail()

describe('readModelConfig', () => {
  it('says which size is missing or impossible', () => {
    assert.throws(() => read({ ...llama, hidden_size: undefined }), /hidden_size is missing; it must be a whole number/)
    assert.throws(() => read({ ...llama, num_hidden_layers: -1 }), /num_hidden_layers is -1/)
    assert.throws(() => read({ ...llama, num_hidden_layers: 1e9 }), /more than any model has/)
    assert.throws(() => read({ ...llama, vocab_size: '10' }), /vocab_size is "10"/)
    assert.throws(() => read({ ...llama, num_attention_heads: 3 }), /not a multiple of num_attention_heads 3/)
    assert.throws(() => read({ ...llama, num_key_value_heads: 3 }), /not a multiple of num_key_value_heads 3/)
    assert.throws(() => read({ ...llama, attention_bias: 'yes' }), /attention_bias is "yes"; it must be true or false/)
  })

  it('takes the head size from the config, the family, or the width', () => {
    assert.equal(read(llama).headDim, 4)
    assert.equal(read({ ...llama, head_dim: null }).headDim, 4)
    assert.equal(read({ ...llama, head_dim: 10 }).headDim, 10)
    assert.equal(read({ ...llama, model_type: 'qwen3' }).headDim, 128)
    assert.equal(read({ ...llama, model_type: 'gemma' }).headDim, 256)
  })

  it('reads rotary positions in their older and their newer form', () => {
    assert.deepEqual(ropeOf({ ...llama, rope_theta: 5e5 }).theta, 5e5)
    assert.deepEqual(ropeOf({ ...llama, rope_parameters: { rope_theta: 5e5, rope_type: 'default' } }).theta, 5e5)
    const linear = { type: 'linear', factor: 4 }
    assert.deepEqual(ropeOf({ ...llama, rope_scaling: linear }).scaling, linear)
    assert.deepEqual(ropeOf({ ...llama, rope_parameters: { rope_type: 'linear', factor: 4 } }).scaling, linear)
    const neox = { ...llama, model_type: 'gpt_neox', hidden_size: 64 }
    assert.equal(ropeOf(neox).rotaryDim, 4)
    assert.equal(ropeOf({ ...neox, rotary_pct: 0.5, rotary_emb_base: 77 }).rotaryDim, 8)
    assert.equal(ropeOf({ ...neox, rotary_emb_base: 77 }).theta, 77)
    assert.equal(ropeOf({ ...neox, rope_parameters: { partial_rotary_factor: 1 } }).rotaryDim, 16)
  })

  it('refuses unknown rotary positions, and says what a known one lacks', () => {
    assert.throws(
      () => read({ ...llama, rope_scaling: { type: 'mrope' } }),
      /rope_type is "mrope".*supported are default, linear/,
    )
    assert.throws(() => read({ ...llama, rope_scaling: { type: 'linear' } }), /factor is missing/)
    assert.throws(() => read({ ...llama, rope_scaling: 'linear' }), /rope_scaling is "linear"/)
    const longrope = { type: 'longrope', short_factor: [1], long_factor: [1, 1] }
    assert.throws(
      () => read({ ...llama, rope_scaling: longrope }),
      /short_factor is .*a list of 1.*a list of 2 numbers/,
    )
    const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32 }
    assert.throws(() => read({ ...llama, rope_scaling: yarn }), /yarn: factor is 4, but .* is 2/)
    const phi = { ...llama, model_type: 'phi' }
    assert.throws(() => read({ ...phi, partial_rotary_factor: 0.75 }), /rotates 3 of 4 channels/)
    assert.throws(() => read({ ...llama, partial_rotary_factor: 0.5 }), /is 0.5; such models rotate whole heads/)
    assert.throws(() => read({ ...llama, rope_parameters: { partial_rotary_factor: 0.5 } }), /rotate whole heads/)
  })

  it('refuses two different values in config.json for one setting, where programs disagree on which to use', () => {
    const linear = { rope_type: 'linear', factor: 4 }
    const twice = { ...llama, rope_parameters: { rope_type: 'default' }, rope_scaling: linear }
    assert.throws(() => read(twice), /rope_parameters and rope_scaling are both set and differ/)
    assert.equal(ropeOf({ ...llama, rope_parameters: linear, rope_scaling: linear }).scaling.type, 'linear')
    assert.equal(ropeOf({ ...llama, rope_parameters: {}, rope_scaling: linear }).scaling.type, 'linear')
    const original = { original_max_position_embeddings: 16 }
    const yarn = { rope_type: 'yarn', factor: 4 }
    assert.throws(() => read({ ...llama, ...original, rope_scaling: yarn }), /is 16 in config.json, but missing beside/)
    assert.doesNotThrow(() => read({ ...llama, ...original, rope_scaling: { ...yarn, ...original } }))
    const longrope = { type: 'longrope', short_factor: [1, 1], long_factor: [1, 1], factor: 2 }
    assert.throws(() => read({ ...llama, ...original, rope_scaling: longrope }), /longrope: factor is 2, but .* is 4/)
    const gpt2 = { model_type: 'gpt2', vocab_size: 10, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 8 }
    assert.throws(() => read({ ...gpt2, num_attention_heads: 4 }), /num_attention_heads and n_head are both set/)
    const neox = { ...llama, model_type: 'gpt_neox', rotary_pct: 0.5 }
    assert.throws(() => read({ ...neox, head_dim: 8 }), /head_dim is 8; hidden_size \/ num_attention_heads is 4/)
    const gemma = { ...llama, model_type: 'gemma' }
    assert.throws(
      () => read({ ...gemma, hidden_act: 'gelu', hidden_activation: 'relu' }),
      /hidden_activation and hidden_act name different/,
    )
  })

  it('reads old names as the families that have them mean them', () => {
    const gemma = { ...llama, model_type: 'gemma' }
    assert.equal(read({ ...gemma, hidden_act: 'gelu', hidden_activation: null }).activation, 'geluTanh')
    assert.equal(read({ ...gemma, hidden_act: 'gelu', hidden_activation: 'gelu_pytorch_tanh' }).activation, 'geluTanh')
    assert.equal(read({ ...llama, hidden_act: 'gelu' }).activation, 'gelu')
    const factors = { short_factor: [1, 1], long_factor: [1, 1] }
    const phi3 = { ...llama, model_type: 'phi3', rope_scaling: { type: 'yarn', ...factors } }
    assert.equal(ropeOf(phi3).scaling.type, 'longrope')
    assert.equal(ropeOf({ ...llama, model_type: 'mixtral' }).theta, 1e6)
  })

  it('rotates blocks with a window, and those without positions, as their families do', () => {
    const gemma3 = { ...llama, model_type: 'gemma3_text', num_hidden_layers: 6 }
    const old = { ...gemma3, rope_theta: 5e5, rope_local_base_freq: 50, rope_scaling: { type: 'linear', factor: 8 } }
    const of = (config: object) => ropesOf(config).map((rope) => rope && [rope.theta, rope.scaling.type])
    const [near, far] = [
      [50, 'default'],
      [5e5, 'linear'],
    ]
    assert.deepEqual(of(old), [near, near, near, near, near, far])
    const rope_parameters = {
      full_attention: { rope_theta: 5e5, rope_type: 'linear', factor: 8 },
      sliding_attention: { rope_theta: 50, rope_type: 'default' },
    }
    const types = ['full_attention', ...new Array<string>(5).fill('sliding_attention')]
    assert.deepEqual(of({ ...gemma3, rope_parameters, layer_types: types }), [far, near, near, near, near, near])
    assert.deepEqual(read(gemma3).windows, [4096, 4096, 4096, 4096, 4096, 0])
    assert.deepEqual(read({ ...gemma3, model_type: 'olmo3' }).windows, [4096, 4096, 4096, 0, 4096, 4096])
    const smollm3 = { ...llama, model_type: 'smollm3', num_hidden_layers: 5 }
    const turns = (config: object) => ropesOf(config).map((rope) => rope !== null)
    assert.deepEqual(turns(smollm3), [true, true, true, false, true])
    assert.deepEqual(turns({ ...smollm3, no_rope_layers: [0, 1, 1, 1, 0] }), [false, true, true, true, false])
    assert.throws(() => read({ ...smollm3, no_rope_layers: [0, 1] }), /0 or 1 for each of the 5 blocks/)
  })

  it('puts windows where the family has them', () => {
    assert.deepEqual(read({ ...llama, sliding_window: 4 }).windows, [0, 0, 0])
    assert.deepEqual(read({ ...llama, model_type: 'mistral', sliding_window: 4 }).windows, [4, 4, 4])
    assert.deepEqual(read({ ...llama, model_type: 'mistral', sliding_window: null }).windows, [0, 0, 0])
    const windowed = { ...qwen2, use_sliding_window: true, sliding_window: 4, max_window_layers: 2 }
    assert.deepEqual(read(windowed).windows, [0, 0, 4])
    assert.deepEqual(read({ ...windowed, use_sliding_window: false }).windows, [0, 0, 0])
    const types = ['sliding_attention', 'full_attention', 'sliding_attention']
    assert.deepEqual(read({ ...windowed, layer_types: types }).windows, [4, 0, 4])
    assert.throws(
      () => read({ ...windowed, layer_types: ['linear_attention', ...types] }),
      /layer_types is "linear_attention"/,
    )
    assert.throws(() => read({ ...windowed, layer_types: [] }), /an entry for each of the 3 blocks/)
    assert.deepEqual(
      read({ ...windowed, max_window_layers: undefined, num_hidden_layers: 30 }).windows.slice(27),
      [0, 4, 4],
    )
    const phi3 = { ...llama, model_type: 'phi3', sliding_window: 4, layer_types: types }
    assert.deepEqual(read(phi3).windows, [4, 4, 4])
  })

  it('refuses settings that change the mathematics and are not implemented', () => {
    assert.throws(() => read({ ...llama, quantization_config: { bits: 4 } }), /quantization_config is set/)
    assert.throws(() => read({ ...llama, is_causal: false }), /is_causal is false; LLaMA models with it/)
    assert.doesNotThrow(() => read({ ...llama, is_causal: true }))
    const moe = { ...llama, model_type: 'qwen3_moe', moe_intermediate_size: 8 }
    assert.doesNotThrow(() => read({ ...moe, decoder_sparse_step: 1, mlp_only_layers: [] }))
    assert.throws(() => read({ ...moe, decoder_sparse_step: 2 }), /decoder_sparse_step is 2; Qwen3-MoE models/)
    assert.throws(() => read({ ...moe, mlp_only_layers: [0] }), /mlp_only_layers is set/)
    assert.throws(() => read({ ...moe, num_experts: 2e6 }), /num_experts is 2000000, in each block: more than any/)
    const gpt2 = { model_type: 'gpt2', vocab_size: 10, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 8 }
    assert.throws(() => read({ ...gpt2, add_cross_attention: true }), /add_cross_attention is true; GPT-2 models/)
  })

  it('refuses blocks with a window in families whose windows are not implemented, whatever use_sliding_window says', () => {
    const qwen2Moe = { model_type: 'qwen2_moe', moe_intermediate_size: 8, shared_expert_intermediate_size: 8 }
    for (const kind of [{ model_type: 'smollm3' }, qwen2Moe]) {
      const model = { ...llama, ...kind, sliding_window: 4 }
      const full = ['full_attention', 'full_attention', 'full_attention']
      for (const use_sliding_window of [undefined, false])
        assert.throws(
          () => read({ ...model, use_sliding_window, layer_types: [...full.slice(1), 'sliding_attention'] }),
          {
            kind: 'unsupported',
            message: /layer_types contains "sliding_attention"; (SmolLM3|Qwen2-MoE) models with it/,
          },
        )
      assert.deepEqual(read({ ...model, layer_types: full }).windows, [0, 0, 0])
    }
  })

  it('refuses flat rope_parameters in families with two kinds of blocks', () => {
    for (const model_type of ['gemma3_text', 'olmo3']) {
      const model = { ...llama, model_type }
      assert.throws(() => read({ ...model, rope_parameters: { rope_theta: 77, rope_type: 'default' } }), {
        kind: 'unsupported',
        message: /rope_parameters has neither full_attention nor sliding_attention; .*so write them under/,
      })
      assert.doesNotThrow(() => read({ ...model, rope_parameters: {} }))
      assert.doesNotThrow(() => read({ ...model, rope_parameters: { full_attention: { rope_theta: 77 } } }))
    }
  })

  it('caps no scores of Gemma 3, as transformers does not', () => {
    const caps = { attn_logit_softcapping: 2, final_logit_softcapping: 3 }
    const { scoreCap, logitsCap } = read({ ...llama, model_type: 'gemma3_text', ...caps })
    assert.deepEqual([scoreCap, logitsCap], [0, 3])
    assert.equal(read({ ...llama, model_type: 'gemma2', ...caps }).scoreCap, 2)
  })

  it('finds the text model of a whole with a vision tower, by either way of naming it', () => {
    const whole = { model_type: 'gemma3', text_config: { hidden_size: 16, num_hidden_layers: 2 } }
    const { numHeads, numKvHeads, headDim, vocabSize, tied, isPart } = read(whole)
    assert.deepEqual([numHeads, numKvHeads, headDim, vocabSize, tied, isPart], [8, 4, 256, 262208, true, true])
    const untied = { ...whole, tie_word_embeddings: false }
    const nameOf = (prefix: string) => {
      const config = readModelConfig(untied, new Set([`${prefix}embed_tokens.weight`]))
      return [moduleName(config, 'attn.q', 1), moduleName(config, 'lmHead')]
    }
    const [old, newer] = ['language_model.model.', 'model.language_model.']
    assert.deepEqual(nameOf(old), [`${old}layers.1.self_attn.q_proj`, 'language_model.lm_head'])
    assert.deepEqual(nameOf(newer), [`${newer}layers.1.self_attn.q_proj`, 'lm_head'])
    assert.throws(() => read({ model_type: 'gemma3' }), /text_config is missing/)
    assert.throws(() => read({ ...whole, quantization_config: { bits: 4 } }), /quantization_config is set/)
  })

  it('ties the head as the family does, unless the config sets it', () => {
    assert.equal(read(llama).tied, false)
    assert.equal(read({ ...llama, tie_word_embeddings: true }).tied, true)
    assert.equal(read({ ...llama, model_type: 'gemma' }).tied, true)
  })
})
