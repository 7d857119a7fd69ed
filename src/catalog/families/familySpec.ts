// The vocabulary in which model families are described, and what most of them have in common. A family is one row of data
// that says what differs: no functions, no branches on its name anywhere else. A kind that no row uses is removed.

/** The purpose of a tensor. Names in checkpoints differ by family; code knows slots only. */
export type Slot =
  | 'embed.token'
  | 'embed.position'
  | 'embed.in' // OPT-350m: word embeddings → hidden states
  | 'embed.out' // and back, before the head
  | 'attn.norm'
  | 'attn.outNorm'
  | 'attn.q'
  | 'attn.k'
  | 'attn.v'
  | 'attn.qkv'
  | 'attn.qNorm'
  | 'attn.kNorm'
  | 'attn.out'
  | 'mlp.norm'
  | 'mlp.outNorm'
  | 'mlp.gate'
  | 'mlp.up'
  | 'mlp.gateUp'
  | 'mlp.down'
  | 'moe.router'
  | 'moe.gate'
  | 'moe.up'
  | 'moe.down'
  | 'moe.sharedRouter'
  | 'moe.sharedGate'
  | 'moe.sharedUp'
  | 'moe.sharedDown'
  | 'finalNorm'
  | 'lmHead'

/** A value fixed by the family, or read from config.json under `key`, where a missing key means `otherwise`. */
export type Setting<T> = T | { readonly key: string; readonly otherwise: T }

/**
 * preNorm: h = x + attn(n1(x)), y = h + mlp(n2(h)). postNorm: h = n1(x + attn(x)), y = n2(h + mlp(h)).
 * outNorm: h = x + n1(attn(x)), y = h + n2(mlp(h)). sandwichNorm: h = x + n2(attn(n1(x))), y = h + n4(mlp(n3(h))).
 * parallel: y = x + attn(n1(x)) + mlp(n2(x)). parallelSharedNorm: the same with one norm for both.
 */
export type Residual = 'preNorm' | 'postNorm' | 'outNorm' | 'sandwichNorm' | 'parallel' | 'parallelSharedNorm'

/** separate · fusedStacked: rows [q; k; v] · fusedPerHead: rows q, k, v of head 0, then of head 1, … */
export type Projection = 'separate' | 'fusedStacked' | 'fusedPerHead'

/** dense: down(f(up)) · gated: down(f(gate) ⊙ up) · gatedFused: gate and up in one linear · moe: gated experts. */
export type MlpKind = 'dense' | 'gated' | 'gatedFused' | 'moe'

export interface NormSpec {
  readonly kind: 'layerNorm' | 'rmsNorm'
  readonly epsKey: string | null
  readonly eps: number
  /** Added to the stored weight (Gemma: 1). */
  readonly unitOffset: 0 | 1
  /** false where the norm has no weight and no bias. */
  readonly affine: Setting<boolean>
}

/** A table; row `offset` belongs to position 0. `fromMask`: positions count real tokens only; padding takes row offset − 1. */
export interface LearnedSpec {
  readonly kind: 'learned'
  readonly offset: number
  readonly fromMask: boolean
}

/** Keys of older configurations. `rope_parameters` of newer configurations is read for every family. */
interface RopeSpec {
  readonly kind: 'rope'
  readonly thetaKeys: readonly string[]
  readonly theta: number
  /** Keys of the share of each head's channels that is rotated. Empty: heads are rotated whole. */
  readonly fractionKeys: readonly string[]
  readonly fraction: number
  /** Values of rope_type that mean longrope. */
  readonly longropeNames: readonly string[]
  /** Number of positions before a longrope extension, if the model class has a default for it. */
  readonly originalPositions: number | null
  /** Blocks with a window are rotated by a theta of their own, without the others' scaling; null: all blocks are rotated alike. */
  readonly local: { readonly thetaKey: string; readonly theta: number } | null
  /** Blocks that are not rotated: those with 0 in the list or, without a list, each `every`th. */
  readonly without: { readonly listKey: string; readonly everyKey: string; readonly every: number } | null
}

export type PositionSpec = LearnedSpec | RopeSpec

/**
 * Which blocks have a sliding window: those that `layer_types` names, if it is read (`byType`); else all but each `every`th
 * (`pattern`), or all from `firstBlockKey` on. No block, if the setting `enabledKey` is false.
 */
export interface WindowSpec {
  readonly key: string
  readonly otherwise: number | null
  readonly enabledKey: string | null
  readonly firstBlockKey: string | null
  readonly firstBlock: number
  readonly byType: boolean
  readonly pattern: { readonly everyKey: string | null; readonly every: number } | null
}

interface ExpertsSpec {
  /** The first key that is present counts. */
  readonly numExpertsKeys: readonly string[]
  readonly topKKey: string
  readonly numExperts: number
  readonly topK: number
  /** Whether the chosen experts' shares are renormalised. */
  readonly normalise: Setting<boolean>
  /** Key of the width of the expert that every token passes, scaled by the sigmoid of its own router; null: there is none. */
  readonly sharedSizeKey: string | null
}

export interface FamilySpec {
  readonly modelType: string
  /** Display name. */
  readonly title: string
  /** Prefix of the base model's tensor names. `AutoModel` saves them without it; the head's name never has it. */
  readonly prefix: string
  /** Module names without `prefix` and `.weight`. {block} and {expert} are filled in later. */
  readonly tensors: Readonly<Partial<Record<Slot, string>>>
  /** Last parts of the names of buffers that old checkpoints contain and nothing reads. */
  readonly ignored: readonly string[]
  readonly keys: {
    readonly hiddenSize: string
    readonly intermediateSize: string
    readonly numBlocks: string
    readonly numHeads: string
    /** null where there are as many as heads. */
    readonly numKvHeads: string | null
    /** null where it is hidden size / heads. */
    readonly headDim: string | null
    readonly maxPositions: string
    readonly activation: readonly string[]
    /** Width of the word embeddings where it may differ from the hidden size. */
    readonly embedSize: string | null
  }
  /** The model class's default sizes, for keys that config.json leaves out. */
  readonly defaults: Readonly<Record<string, number>>
  /** Default of `headDim`, if the model class has one of its own. */
  readonly headDim: number | null
  readonly activation: string
  /** Names that mean another activation in this family's files. */
  readonly activationAliases: Readonly<Record<string, string>>
  /** Alternative names of keys, each with the key that it stands for. */
  readonly aliases: Readonly<Record<string, string>>
  readonly position: PositionSpec
  readonly norm: NormSpec
  readonly finalNorm: boolean | { readonly unlessKey: string; readonly unlessPostNorm: true }
  readonly projection: Projection
  /** Norm of each query and key head before rotation; rmsNormWide: one norm of all heads of a token together. */
  readonly qkNorm: 'none' | 'rmsNorm' | 'rmsNormWide' | { readonly key: string; readonly kind: 'layerNorm' }
  /** Keys that change the scale 1/√headDim: GPT-2's two, or a number that is the scale itself or replaces headDim. */
  readonly scaling:
    | { readonly enabledKey: string; readonly byBlockKey: string }
    | { readonly key: string; readonly otherwise: number; readonly is: 'scale' | 'headDim' }
    | null
  /** Keys of the caps of scores and logits, cap · tanh(x / cap); 0, or null in config.json, is no cap. */
  readonly softcap: { readonly scores: Setting<number>; readonly logits: Setting<number> }
  readonly window: WindowSpec | null
  readonly mlp: MlpKind
  readonly bias: {
    readonly qkv: Setting<boolean>
    readonly out: Setting<boolean>
    readonly mlp: Setting<boolean>
    readonly head: boolean
  }
  readonly residual:
    | Residual
    | { readonly key: string; readonly otherwise: boolean; readonly yes: Residual; readonly no: Residual }
  /** inOut: Conv1D stores [inputs, outputs]. */
  readonly linearLayout: 'outIn' | 'inOut'
  /** Factor of the word embeddings. */
  readonly embedScale: '√hiddenSize' | Setting<number>
  /** Factor of both branches before they are added to the residual stream. */
  readonly residualScale: Setting<number>
  /** Divisor of the logits. */
  readonly logitsDivisor: Setting<number>
  /** Default of tie_word_embeddings. */
  readonly tied: boolean
  readonly moe: ExpertsSpec | null
  /**
   * Settings that change the mathematics in ways that are not implemented: refused unless absent, null, [], or `unless` (false);
   * a list only where it `contains` the value.
   */
  readonly refused: readonly (
    | string
    | { readonly key: string; readonly unless: number | boolean }
    | { readonly key: string; readonly contains: string }
  )[]
}

/** A learned position table, or null, is given whole; any other part by the fields that differ from `usualParts`. */
type Differing<T> = Extract<T, LearnedSpec | null> | Partial<Exclude<T, LearnedSpec | null>>

/** A family, given by what differs from `usual` and `usualParts`. */
export type FamilyRow = Pick<FamilySpec, 'modelType' | 'title'> & {
  readonly [K in keyof FamilySpec]?: K extends keyof typeof usualParts ? Differing<FamilySpec[K]> : FamilySpec[K]
}

/** Usual values of the parts of a row. A row may replace single fields of each part. */
const usualParts = {
  keys: {
    hiddenSize: 'hidden_size',
    intermediateSize: 'intermediate_size',
    numBlocks: 'num_hidden_layers',
    numHeads: 'num_attention_heads',
    numKvHeads: 'num_key_value_heads',
    headDim: 'head_dim',
    maxPositions: 'max_position_embeddings',
    activation: ['hidden_act'],
    embedSize: null,
  },
  position: {
    kind: 'rope',
    thetaKeys: ['rope_theta'],
    theta: 10000,
    fractionKeys: [],
    fraction: 1,
    longropeNames: ['longrope', 'su'],
    originalPositions: null,
    local: null,
    without: null,
  },
  norm: { kind: 'rmsNorm', epsKey: 'rms_norm_eps', eps: 1e-6, unitOffset: 0, affine: true },
  softcap: { scores: 0, logits: 0 },
  /** If the key is set, every block has the window. */
  window: {
    key: 'sliding_window',
    otherwise: null,
    enabledKey: null,
    firstBlockKey: null,
    firstBlock: 0,
    byType: false,
    pattern: null,
  },
  bias: { qkv: false, out: false, mlp: false, head: false },
  moe: {
    numExpertsKeys: ['num_experts', 'num_local_experts'],
    topKKey: 'num_experts_per_tok',
    numExperts: 128,
    topK: 8,
    normalise: { key: 'norm_topk_prob', otherwise: false },
    sharedSizeKey: null,
  },
} as const satisfies Partial<FamilySpec>

/** LLaMA's tensor names. */
export const usualTensors = {
  'embed.token': 'embed_tokens',
  'attn.norm': 'layers.{block}.input_layernorm',
  'attn.q': 'layers.{block}.self_attn.q_proj',
  'attn.k': 'layers.{block}.self_attn.k_proj',
  'attn.v': 'layers.{block}.self_attn.v_proj',
  'attn.out': 'layers.{block}.self_attn.o_proj',
  'mlp.norm': 'layers.{block}.post_attention_layernorm',
  'mlp.gate': 'layers.{block}.mlp.gate_proj',
  'mlp.up': 'layers.{block}.mlp.up_proj',
  'mlp.down': 'layers.{block}.mlp.down_proj',
  finalNorm: 'norm',
  lmHead: 'lm_head',
} as const satisfies FamilySpec['tensors']

/** An entry of `refused`: blocks that have a window, in families whose windows are not implemented. */
export const windowedBlocks = { key: 'layer_types', contains: 'sliding_attention' } as const

/** The other usual values. They are LLaMA's too, since most families follow its architecture. */
const usual = {
  prefix: 'model.',
  tensors: usualTensors,
  ignored: ['rotary_emb.inv_freq'],
  defaults: {},
  headDim: null,
  activation: 'silu',
  activationAliases: {},
  aliases: {},
  finalNorm: true,
  projection: 'separate',
  qkNorm: 'none',
  scaling: null,
  mlp: 'gated',
  residual: 'preNorm',
  linearLayout: 'outIn',
  embedScale: 1,
  residualScale: 1,
  logitsDivisor: 1,
  tied: false,
  refused: [],
} as const satisfies Omit<FamilySpec, 'modelType' | 'title' | keyof typeof usualParts>

export function family(row: FamilyRow): FamilySpec {
  const { keys, position, norm, softcap, window, bias, moe } = row
  return {
    ...usual,
    ...row,
    keys: { ...usualParts.keys, ...keys },
    position: position?.kind === 'learned' ? position : { ...usualParts.position, ...position },
    norm: { ...usualParts.norm, ...norm },
    softcap: { ...usualParts.softcap, ...softcap },
    window: window ? { ...usualParts.window, ...window } : null,
    bias: { ...usualParts.bias, ...bias },
    moe: moe ? { ...usualParts.moe, ...moe } : null,
  }
}
