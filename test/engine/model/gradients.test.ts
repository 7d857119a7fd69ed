// Laws of whole-model gradients that no golden states: finite differences, memory plans, frozen and adapted linears.
import assert from 'node:assert/strict'
import { Arena } from '../../../src/engine/compute/arena.ts'
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import { openReference, type ReferenceBackend } from '../../support/reference/backend.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'
import { createGradientSink } from '../../../src/engine/evaluate/recordForward.ts'
import type { Batch } from '../../../src/engine/model/batch.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import type { Adapter } from '../../../src/engine/model/module.ts'
import { variants } from '../../support/extent.ts'
import { maxDifference, relativeDifference } from '../../support/goldens.ts'
import {
  createMemoryCheckpoint,
  smallGpt2,
  smallLlama,
  smallMixtral,
  smallOpt,
} from '../../support/memoryCheckpoint.ts'

const batch: Batch = {
  batch: 2,
  seqLen: 5,
  ids: Int32Array.of(3, 7, 11, 2, 9, 4, 4, 19, 0, 8),
  mask: null,
  labels: null,
}
const leftPadded: Batch = {
  ...batch,
  mask: Int32Array.of(0, 0, 1, 1, 1, 1, 1, 1, 0, 1),
  labels: Int32Array.of(-100, -100, -100, 2, 9, 4, 4, 19, -100, 8),
}

async function lossOf(decoder: Decoder, input: Batch): Promise<number> {
  const backend = decoder.backend
  const sink = createGradientSink(backend, new Map())
  return (await decoder.lossAndGradients(input, sink.grads)).loss
}

/** Central differences at three entries of every parameter, against the decoder's gradient. */
async function agreesWithDifferences(config: object, input: Batch): Promise<void> {
  const backend = openReference()
  const model = openModel(createMemoryCheckpoint(config))
  const values = new Map<string, Tensor>()
  for (const { name, shape } of model.parameters.values()) values.set(name, backend.allocate('f32', shape))
  const source = await createDecoder(backend, model, { memoryBytes: 1e9 })
  await fill(backend, source, values)
  const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, training: true, overrides: values })
  const sink = createGradientSink(backend, model.parameters)
  await decoder.lossAndGradients(input, sink.grads)
  // The nll is read as f32: its rounding, 1e-7, over the step leaves about 1e-4 of a gradient of 0.1.
  const step = 1e-3
  for (const [name, tensor] of values) {
    const cells = backend.cells(tensor)
    const gradient = sink.tensor(name)
    for (const at of [0, Math.floor(cells.length / 2), cells.length - 1]) {
      const before = cells[at]
      cells[at] = before + step
      const up = await lossOf(decoder, input)
      cells[at] = before - step
      const down = await lossOf(decoder, input)
      cells[at] = before
      const difference = (up - down) / (2 * step)
      const analytic = gradient ? backend.cells(gradient)[at] : 0
      assert.ok(Math.abs(difference - analytic) < 1e-3, `${name}[${at}]: ${analytic}, differences say ${difference}`)
    }
  }
}

/** Copies a decoder's weights into tensors that can be changed. */
async function fill(backend: ReferenceBackend, decoder: Decoder, into: ReadonlyMap<string, Tensor>): Promise<void> {
  const { loadBlock } = await import('../../../src/engine/model/block.ts')
  for (const [name, tensor] of decoder.ends.params) backend.cells(into.get(name)!).set(backend.cells(tensor))
  for (let i = 0; i < decoder.model.config.numBlocks; i++) {
    const block = await loadBlock(backend, decoder.model, i, { as: 'f32' })
    for (const [name, tensor] of block.params) backend.cells(into.get(name)!).set(backend.cells(tensor))
  }
}

describe('gradients of a batch', () => {
  const rope = {
    rope_type: 'llama3',
    factor: 4,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8,
  }
  const configurations: Record<string, object> = {
    'Qwen3-MoE with shares that are not renormalised': {
      ...smallLlama,
      model_type: 'qwen3_moe',
      moe_intermediate_size: 12,
      num_experts: 4,
      num_experts_per_tok: 2,
    },
    'Qwen2-MoE with an expert for every token': {
      ...smallLlama,
      model_type: 'qwen2_moe',
      moe_intermediate_size: 12,
      shared_expert_intermediate_size: 8,
      num_experts: 4,
      num_experts_per_tok: 2,
    },
    'Mixtral with a window': { ...smallMixtral, sliding_window: 2 },
    'LLaMA with all biases and llama3 frequencies': {
      ...smallLlama,
      attention_bias: true,
      mlp_bias: true,
      rope_parameters: rope,
    },
    'Qwen3 with a head size of its own': { ...smallLlama, model_type: 'qwen3', head_dim: 6 },
    'Phi-3 with a window': { ...smallLlama, model_type: 'phi3', sliding_window: 3 },
    'Phi with normed heads': { ...smallLlama, model_type: 'phi', qk_layernorm: true },
    'GPT-NeoX, branches in a row': {
      ...smallLlama,
      model_type: 'gpt_neox',
      use_parallel_residual: false,
      rotary_pct: 0.5,
    },
    'GPT-2 scaled by block': { ...smallGpt2, scale_attn_by_inverse_layer_idx: true },
    'OPT normed after its branches, with projected embeddings': {
      ...smallOpt,
      activation_function: 'gelu', // smooth: a step must not cross a kink
      do_layer_norm_before: false,
      word_embed_proj_dim: 4,
    },
    Gemma: { ...smallLlama, model_type: 'gemma', head_dim: 4, tie_word_embeddings: true },
    'Gemma 2, scores and logits capped': {
      ...smallLlama,
      model_type: 'gemma2',
      head_dim: 4,
      attn_logit_softcapping: 0.5,
      final_logit_softcapping: 0.7,
      tie_word_embeddings: true,
    },
    'Gemma 3, branches normed before and after': {
      ...smallLlama,
      model_type: 'gemma3_text',
      head_dim: 4,
      sliding_window: 2,
      sliding_window_pattern: 2,
    },
    'OLMo 2, branches normed after': { ...smallLlama, model_type: 'olmo2' },
    'OLMoE, all heads normed together': {
      ...smallLlama,
      model_type: 'olmoe',
      num_experts: 4,
      num_experts_per_tok: 2,
    },
    'Granite with all its multipliers': {
      ...smallLlama,
      model_type: 'granite',
      embedding_multiplier: 3,
      attention_multiplier: 0.7,
      residual_multiplier: 0.4,
      logits_scaling: 2.5,
    },
    'SmolLM3 with blocks that do not turn': { ...smallLlama, model_type: 'smollm3', no_rope_layer_interval: 2 },
  }
  const short = [
    'Mixtral with a window',
    'LLaMA with all biases and llama3 frequencies',
    'Gemma 2, scores and logits capped',
  ]
  for (const [name, config] of variants<object>(configurations, short)) {
    it(`agree with central differences: ${name}`, () => agreesWithDifferences(config, batch))
    it(`agree with central differences under left padding: ${name}`, () => agreesWithDifferences(config, leftPadded))
  }

  /** All gradients by name, and the decoder's plan. */
  async function gradientsWith(memoryBytes: number, config: object = smallLlama) {
    const backend = openReference()
    const checkpoint = createMemoryCheckpoint(config)
    const model = openModel(checkpoint)
    const decoder = await createDecoder(backend, model, { memoryBytes, training: true, tokensPerPass: 10 })
    const sink = createGradientSink(backend, model.parameters)
    const { loss } = await decoder.lossAndGradients(batch, sink.grads)
    const gradients = new Map([...model.parameters.keys()].map((name) => [name, backend.cells(sink.tensor(name)!)]))
    return { loss, gradients, residency: decoder.residency, reads: checkpoint.reads, close: () => decoder.close() }
  }

  it('are the same whether blocks stay, activations are kept, or everything is read and computed again', async () => {
    const rich = await gradientsWith(1e9)
    const poor = await gradientsWith(1)
    assert.equal(rich.residency.residentBlocks, 3)
    assert.equal(rich.residency.keptBlocks, 3)
    assert.equal(poor.residency.residentBlocks, 0)
    assert.equal(poor.loss, rich.loss)
    for (const [name, gradient] of rich.gradients)
      assert.equal(maxDifference(poor.gradients.get(name)!, gradient), 0, name)
    // Rich: once. Poor: forward and backward, but the last block is still there at the turn.
    assert.equal(rich.reads.get('model.layers.0.mlp.up_proj.weight'), 1)
    assert.equal(poor.reads.get('model.layers.0.mlp.up_proj.weight'), 2)
    assert.equal(poor.reads.get('model.layers.2.mlp.up_proj.weight'), 1)
  })

  /** Kernel calls by name during one batch. */
  async function callsFor(wanted: (name: string) => boolean, adapterOf?: (name: string) => Adapter | null) {
    const backend = openReference()
    const calls = new Map<string, number>()
    const kernels = new Proxy(backend.kernels, {
      get(target, key) {
        const name = key as keyof Kernels
        calls.set(name, (calls.get(name) ?? 0) + 1)
        return target[name]
      },
    })
    const model = openModel(createMemoryCheckpoint(smallOpt))
    const decoder = await createDecoder({ ...backend, kernels }, model, { memoryBytes: 1e9, training: true })
    const sink = createGradientSink(backend, model.parameters)
    const grads = { of: (name: string) => (wanted(name) ? sink.grads.of(name) : null) }
    calls.clear()
    await decoder.lossAndGradients(batch, grads, { adapterOf: (linear) => adapterOf?.(linear.name) ?? null })
    return calls
  }

  it('of biases and norms form no gradient of a weight', async () => {
    const calls = await callsFor((name) => name.endsWith('.bias') || name.includes('norm'))
    assert.equal(calls.get('linearBackwardWeight') ?? 0, 0)
    assert.equal(calls.get('scatterAddRows') ?? 0, 0)
    assert.ok(calls.get('columnSum')! > 0)
  })

  it('of the last block alone run no backward of the blocks below it', async () => {
    const calls = await callsFor((name) => name.startsWith('model.decoder.layers.2.'))
    assert.equal(calls.get('attentionBackward'), 1)
  })

  it('of the final norm alone run no backward of any block', async () => {
    const calls = await callsFor((name) => name.startsWith('model.decoder.final_layer_norm'))
    assert.equal(calls.get('attentionBackward') ?? 0, 0)
  })

  it('reach an adapter with the input and output gradient of its linear', async () => {
    const seen: string[] = []
    const doubled = 'model.decoder.layers.1.fc1'
    const adapter: Adapter = {
      effectiveWeight(backend, arena: Arena, linear) {
        const weight = arena.allocate(linear.weight.shape)
        backend.kernels.fill(weight, 0)
        backend.kernels.addScaled(weight, linear.weight, 2)
        return weight
      },
      backward(_backend, _arena, linear, dOut, input) {
        assert.deepEqual(
          [dOut.shape, input.shape],
          [
            [10, 12],
            [10, 8],
          ],
        )
        seen.push(linear.name)
      },
    }
    await callsFor(
      () => false,
      (name) => (name === doubled ? adapter : null),
    )
    assert.deepEqual(seen, [doubled])
  })

  it('of several batches add up to the gradient of their common mean', async () => {
    const backend = openReference()
    const model = openModel(createMemoryCheckpoint(smallLlama))
    const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, training: true })
    const whole = createGradientSink(backend, model.parameters)
    await decoder.lossAndGradients(batch, whole.grads)
    const parts = createGradientSink(backend, model.parameters)
    for (const row of [0, 1]) {
      const ids = batch.ids.subarray(5 * row, 5 * row + 5)
      await decoder.lossAndGradients({ ...batch, batch: 1, ids }, parts.grads, { targetWeight: 1 / 8 })
    }
    for (const name of model.parameters.keys()) {
      const difference = relativeDifference(backend.cells(parts.tensor(name)!), backend.cells(whole.tensor(name)!))
      assert.ok(difference < 1e-9, name)
    }
  })
})
