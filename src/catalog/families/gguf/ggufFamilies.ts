// The families that llama.cpp supports, one row each: the name of the architecture, and what llama.cpp assumes about it. A model
// that differs is refused, since llama.cpp would load it and compute something else.
// Source: the model loaders of llama.cpp (src/llama-model.cpp) and its converter.
import type { ActivationKind } from '../activations.ts'
import type { RopeScaling } from '../ropeConfig.ts'

export interface GgufFamily {
  readonly architecture: string
  /** Whether rows of q and k are reordered: llama.cpp rotates neighbouring channels, checkpoints pair the two halves of a head. */
  readonly interleaved: boolean
  readonly activations: readonly ActivationKind[]
  /** Biases that llama.cpp would ignore. */
  readonly without: readonly ('qkv' | 'out' | 'mlp')[]
  /** Biases that llama.cpp requires. */
  readonly needs: readonly ('qkv' | 'out' | 'mlp')[]
  /** What becomes of sliding windows: left out, or kept in all but each `every`th block. */
  readonly window: 'ignored' | { readonly every: number }
  readonly ropeScaling: readonly RopeScaling['type'][]
  /** Attention scores are divided by √headDim, but in a model with this many blocks by √(hidden size / heads). */
  readonly blocksOfWideScale: number | null
  /** Caps of scores and logits: 'both': llama.cpp requires both; 'none': it supports neither. */
  readonly caps: 'both' | 'none'
  /** Whether llama.cpp multiplies embeddings by √hiddenSize. */
  readonly scalesEmbedding: boolean
  /** Whether the file needs a head of its own, even if the checkpoint ties the head to the embedding. */
  readonly ownHead: boolean
  /** Whether the file has a key that says if attention and MLP are parallel. */
  readonly parallelKey: boolean
}

const llama: GgufFamily = {
  architecture: 'llama',
  interleaved: true,
  activations: ['silu'],
  without: [],
  needs: [],
  window: 'ignored',
  ropeScaling: ['default', 'linear', 'llama3', 'yarn'],
  blocksOfWideScale: null,
  caps: 'none',
  scalesEmbedding: false,
  ownHead: false,
  parallelKey: false,
}

const halves: GgufFamily = { ...llama, interleaved: false, ropeScaling: ['default', 'linear', 'yarn'] }

const gemma: GgufFamily = {
  ...halves,
  architecture: 'gemma',
  activations: ['geluTanh'],
  without: ['qkv', 'out', 'mlp'],
  ropeScaling: ['default', 'linear'],
  scalesEmbedding: true,
}

/** By the model_type of config.json. OPT is missing: llama.cpp does not support it. */
export const ggufFamilies: Readonly<Record<string, GgufFamily>> = {
  llama,
  mistral: llama,
  qwen2: { ...halves, architecture: 'qwen2', without: ['mlp'], needs: ['qkv'] },
  qwen3: { ...halves, architecture: 'qwen3', without: ['qkv', 'out', 'mlp'] },
  gemma,
  gemma2: { ...gemma, architecture: 'gemma2', window: { every: 2 }, blocksOfWideScale: 46, caps: 'both' },
  gemma3_text: { ...gemma, architecture: 'gemma3', window: { every: 6 }, blocksOfWideScale: 62 },
  phi3: {
    ...halves,
    architecture: 'phi3',
    without: ['qkv', 'out', 'mlp'],
    ropeScaling: ['default', 'longrope'],
  },
  gpt2: { ...halves, architecture: 'gpt2', activations: ['geluTanh'], ropeScaling: ['default'] },
  // Checkpoints use the exact GELU; llama.cpp looks up both forms in a table.
  gpt_neox: {
    ...halves,
    architecture: 'gptneox',
    activations: ['gelu', 'geluTanh'],
    ropeScaling: ['default', 'linear'],
    needs: ['qkv', 'out', 'mlp'],
    ownHead: true,
    parallelKey: true,
  },
}
