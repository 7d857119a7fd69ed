// Facts about made-up surroundings, for tests of rules and plans.
import { describeModel } from '../../src/recipe/describeModel.ts'
import { readModelConfig } from '../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../src/catalog/families/parameters.ts'
import type { DataFacts, LintFacts, ModelFacts, TensorFacts } from '../../src/recipe/facts.ts'

export const optConfig = {
  model_type: 'opt',
  hidden_size: 64,
  ffn_dim: 256,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  vocab_size: 512,
  max_position_embeddings: 2048,
  word_embed_proj_dim: 64,
  activation_function: 'relu',
}

export const llamaConfig = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 512,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
}

export const gpt2Config = { model_type: 'gpt2', n_embd: 64, n_layer: 12, n_head: 4, vocab_size: 512, n_positions: 1024 }

export const gptNeoxConfig = {
  model_type: 'gpt_neox',
  hidden_size: 64,
  intermediate_size: 256,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  vocab_size: 512,
  max_position_embeddings: 2048,
}

/** Its norms have no weights, nothing has a bias. */
export const olmoConfig = {
  model_type: 'olmo',
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  vocab_size: 512,
  max_position_embeddings: 2048,
}

/** The header that a model of this configuration has. */
export function tensorsOf(config: unknown, dtype = 'F32'): Map<string, TensorFacts> {
  return new Map(
    modelParameters(readModelConfig(config)).map((p) => [
      p.name,
      { dtype, shape: p.transposed ? [...p.shape].reverse() : p.shape },
    ]),
  )
}

export function modelOf(config: unknown, more: Partial<Parameters<typeof describeModel>[0]> = {}): ModelFacts {
  return describeModel({
    tensors: more.tensors ?? tensorsOf(config),
    config,
    problems: [],
    tokenizer: { present: true, largestId: 511 },
    masked: false,
    sparsities: null,
    ...more,
  })
}

const lines: DataFacts = {
  exists: true,
  bytes: 1e6,
  kind: 'lines',
  fields: ['text', 'title'],
  shapes: new Map(),
  documents: 1000,
  longestDocument: 50_000,
  problem: null,
}

export const dataFacts: ReadonlyMap<string, DataFacts> = new Map<string, DataFacts>([
  ['a.jsonl', lines],
  ['b.jsonl', lines],
  ['short.jsonl', { ...lines, longestDocument: 300 }],
  ['chats.jsonl', { ...lines, fields: ['messages'], chats: ['messages'], longestDocument: 30 }],
  [
    'ids.safetensors',
    { ...lines, kind: 'ids', fields: ['ids'], shapes: new Map([['ids', [64, 16]]]), longestDocument: null },
  ],
  ['gone.txt', { ...lines, exists: false }],
])

export const machine = { budgetBytes: 8e9, memoryBytes: 16e9, freeDiskBytes: 1e12, threads: 4, gpu: false }

const adapters: ReadonlyMap<string, string | null> = new Map([
  ['adapter', null],
  ['other-model', 'the adapter other-model adapts "model.layers.0.mlp.gate", which is no module of this model'],
])

export function factsOf(model: ModelFacts | null): LintFacts {
  return { model, data: dataFacts, adapters, machine, output: { exists: false, overlap: null } }
}
