// Metadata of a GGUF file that describes the model, under the keys that llama.cpp reads.
import type { GgufValue } from '../../formats/gguf/encodeGguf.ts'
import type { ModelConfig } from '../modelConfig.ts'
import type { RopeConfig } from '../ropeConfig.ts'
import type { GgufFamily } from './ggufFamilies.ts'

const u32 = (value: number): GgufValue => ({ type: 'u32', value })
const f32 = (value: number): GgufValue => ({ type: 'f32', value })
const string = (value: string): GgufValue => ({ type: 'string', value })

/** Keys of the architecture, without those of the tokenizer. */
export function ggufKeys(config: ModelConfig, family: GgufFamily): Map<string, GgufValue> {
  const { architecture, caps, parallelKey } = family
  const { norm, headDim, windows, residual } = config
  const near = family.window === 'ignored' ? -1 : windows.findIndex((size) => size > 0)
  const rope = fullRope(config)
  const own: Record<string, GgufValue | null> = {
    vocab_size: u32(config.vocabSize),
    context_length: u32(config.maxPositions),
    embedding_length: u32(config.hiddenSize),
    block_count: u32(config.numBlocks),
    feed_forward_length: u32(config.intermediateSize),
    'attention.head_count': u32(config.numHeads),
    'attention.head_count_kv': u32(config.numKvHeads),
    'attention.key_length': u32(headDim),
    'attention.value_length': u32(headDim),
    [`attention.layer_norm_${norm.kind === 'rmsNorm' ? 'rms_' : ''}epsilon`]: f32(norm.eps),
    'attention.sliding_window': near < 0 ? null : u32(windows[near]),
    attn_logit_softcapping: caps === 'both' ? f32(config.scoreCap) : null,
    final_logit_softcapping: caps === 'both' ? f32(config.logitsCap) : null,
    use_parallel_residual: parallelKey ? { type: 'bool', value: residual.startsWith('parallel') } : null,
    'rope.dimension_count': rope && u32(rope.rotaryDim),
    'rope.freq_base': rope && f32(rope.theta),
    'rope.freq_base_swa': near < 0 ? null : thetaOf(config, near),
    ...(rope && scalingKeys(rope)),
  }
  const keys = Object.entries(own).flatMap(([key, value]): [string, GgufValue][] =>
    value ? [[`${architecture}.${key}`, value]] : [],
  )
  return new Map([['general.architecture', string(architecture)], ...keys])
}

/** The rotation of blocks without a window. */
export function fullRope({ position, windows }: ModelConfig): RopeConfig | null {
  if (position.kind === 'learned') return null
  const block = windows.findIndex((size) => size === 0)
  return position.byBlock[Math.max(0, block)] ?? null
}

function thetaOf({ position }: ModelConfig, block: number): GgufValue | null {
  const rope = position.kind === 'rope' ? position.byBlock[block] : null
  return rope ? f32(rope.theta) : null
}

function scalingKeys({ scaling }: RopeConfig): Record<string, GgufValue> {
  switch (scaling.type) {
    case 'linear':
      return { 'rope.scaling.type': string('linear'), 'rope.scaling.factor': f32(scaling.factor) }
    case 'yarn':
      return {
        'rope.scaling.type': string('yarn'),
        'rope.scaling.factor': f32(scaling.factor),
        'rope.scaling.original_context_length': u32(scaling.originalPositions),
        'rope.scaling.yarn_beta_fast': f32(scaling.betaFast),
        'rope.scaling.yarn_beta_slow': f32(scaling.betaSlow),
      }
    case 'longrope':
      return {
        'rope.scaling.type': string('longrope'),
        'rope.scaling.original_context_length': u32(scaling.originalPositions),
        'rope.scaling.attn_factor': f32(scaling.attentionFactor),
      }
    // llama3 is written as a tensor of factors (ropeFactors); dynamic is refused.
    case 'llama3':
    case 'dynamic':
    case 'default':
      return {}
  }
}

/** Tensors with a factor for each pair of channels, by which llama.cpp divides its frequency. */
export function ropeFactors(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const rope = fullRope(config)
  if (rope?.scaling.type === 'llama3') return new Map([['rope_freqs.weight', llama3Factors(rope)]])
  if (rope?.scaling.type !== 'longrope') return new Map()
  return new Map([
    ['rope_factors_long.weight', rope.scaling.longFactor],
    ['rope_factors_short.weight', rope.scaling.shortFactor],
  ])
}

/** 1 for short wavelengths, `factor` for long ones, blended between as in transformers. */
function llama3Factors({ theta, rotaryDim, scaling }: RopeConfig): number[] {
  if (scaling.type !== 'llama3') return []
  const { factor, lowFreqFactor, highFreqFactor, originalPositions } = scaling
  return Array.from({ length: rotaryDim / 2 }, (_, i) => {
    const waves = (originalPositions * theta ** ((-2 * i) / rotaryDim)) / (2 * Math.PI)
    if (waves > highFreqFactor) return 1
    if (waves < lowFreqFactor) return factor
    const share = (waves - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
    return 1 / ((1 - share) / factor + share)
  })
}
