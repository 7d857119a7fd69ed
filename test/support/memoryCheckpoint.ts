// A random model that exists in memory only, behind the interface of a checkpoint.
import type { Checkpoint, TensorEntry } from '../../src/engine/checkpoint/checkpoint.ts'
import { encode } from '../../src/engine/model/weights.ts'
import { createRng } from '../../src/engine/rng.ts'
import { readModelConfig } from '../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../src/catalog/families/parameters.ts'
import type { Batch } from '../../src/engine/model/batch.ts'

/** Two sequences of six ids below 20, without padding. */
export const smallBatch: Batch = {
  batch: 2,
  seqLen: 6,
  ids: Int32Array.of(3, 7, 11, 2, 9, 4, 4, 19, 0, 8, 1, 13),
  mask: null,
  labels: null,
}

export interface MemoryCheckpoint extends Checkpoint {
  /** Reads of each tensor so far. */
  readonly reads: Map<string, number>
  /** To add, change or delete tensors before a model is opened. */
  readonly tensors: Map<string, TensorEntry>
  put(name: string, shape: readonly number[], values: Float32Array, dtype?: StoredType): void
}

type StoredType = 'F32' | 'BF16' | 'F16' | 'F64'

/** Parameters of the config: linears N(0, 1/√fan-in), vectors and tables N(0, 0.3), norms 1 + N(0, 0.2). */
export function createMemoryCheckpoint(config: object, dtype: StoredType = 'F32'): MemoryCheckpoint {
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>()
  const tensors = new Map<string, TensorEntry>()
  const reads = new Map<string, number>()
  const put = (name: string, shape: readonly number[], values: Float32Array, as: StoredType = dtype) => {
    const data = encode(values, as)
    bytes.set(name, data)
    tensors.set(name, { name, dtype: as, shape, file: 'memory', start: 0, bytes: data.length })
  }
  for (const p of modelParameters(readModelConfig(config))) {
    const rng = createRng(7, p.name)
    const scale = p.kind === 'linear' || p.kind === 'router' || p.kind === 'head' ? 1 / Math.sqrt(p.shape[1]) : 0.3
    const length = p.shape.reduce((a, b) => a * b, 1)
    const mean = p.kind === 'norm' ? 1 : 0
    const values = Float32Array.from({ length }, () => mean + scale * rng.normal())
    put(p.name, p.transposed ? [...p.shape].reverse() : p.shape, values)
  }
  const find = (name: string) => {
    const data = bytes.get(name)
    if (!data) throw new Error(`no tensor ${name}`)
    return data
  }
  return {
    path: 'memory',
    folder: 'memory',
    files: [],
    tensors,
    metadata: new Map(),
    indexMetadata: null,
    config,
    reads,
    put,
    bytesRead: () => 0,
    read: async (name) => find(name).slice(),
    readRange: async (name, start, end) => find(name).slice(start, end),
    async readInto(name, start, target) {
      reads.set(name, (reads.get(name) ?? 0) + 1)
      target.set(find(name).subarray(start, start + target.length))
    },
    close: async () => undefined,
  }
}

/** Small configurations of each family, for tests that need a model of that kind. */
export const smallLlama = {
  model_type: 'llama',
  vocab_size: 20,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 16,
  tie_word_embeddings: false,
}

export const smallOpt = {
  model_type: 'opt',
  vocab_size: 20,
  hidden_size: 8,
  word_embed_proj_dim: 8,
  ffn_dim: 12,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  max_position_embeddings: 16,
}

export const smallGpt2 = { model_type: 'gpt2', vocab_size: 20, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 16 }

export const smallMixtral = { ...smallLlama, model_type: 'mixtral', num_local_experts: 4, num_experts_per_tok: 2 }
