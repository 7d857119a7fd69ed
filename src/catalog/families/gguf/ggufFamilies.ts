// What llama.cpp knows of the families that it has, a row each: its architecture, and what it takes for granted there. A model
// that differs is refused, since it would load and compute something else.
// Source: the model loaders of llama.cpp (src/llama-model.cpp) and its converter.
import type { ActivationKind } from '../activations.ts'
import type { RopeScaling } from '../ropeConfig.ts'

export interface GgufFamily {
  readonly architecture: string
  /** Rotary channels are neighbours there, and the first and second half of a head in checkpoints: rows of q and k change places. */
  readonly interleaved: boolean
  readonly activations: readonly ActivationKind[]
  /** Biases that it would leave out. */
  readonly without: readonly ('qkv' | 'out' | 'mlp')[]
  /** Biases that it cannot do without. */
  readonly needs: readonly ('qkv' | 'out' | 'mlp')[]
  /** What becomes of sliding windows: left out, or kept in all but each `every`th block. */
  readonly window: 'ignored' | { readonly every: number }
  readonly ropeScaling: readonly RopeScaling['type'][]
  /** Attention scores are divided by √headDim, but with so many blocks by √(hidden size / heads). */
  readonly blocksOfWideScale: number | null
  /** It caps scores and logits: 'both' needs both, 'none' knows neither. */
  readonly caps: 'both' | 'none'
  /** Embeddings are multiplied by √hiddenSize. */
  readonly scalesEmbedding: boolean
  /** It wants a head of its own, also where the checkpoint shares the embedding. */
  readonly ownHead: boolean
  /** Whether attention and MLP are parallel. */
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
  // Its GELU is the exact one in checkpoints; llama.cpp looks either up in a table.
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
