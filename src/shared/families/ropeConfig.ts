// Rotary positions as config.json describes them, in its older and its newer form.
import { FamilyError, unknownValue } from './familyError.ts'
import type { PositionSpec } from './familySpec.ts'
import { firstKey, readFlag, readPositive, readSize, wrong, type ConfigJson } from './settings.ts'

/** How base frequencies are changed for longer contexts; names and meaning as in transformers' ROPE_INIT_FUNCTIONS. */
export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | { readonly type: 'dynamic'; readonly factor: number }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFreqFactor: number
      readonly highFreqFactor: number
      readonly originalPositions: number
    }
  | {
      readonly type: 'yarn'
      readonly factor: number
      readonly attentionFactor: number
      readonly betaFast: number
      readonly betaSlow: number
      /** The ramp begins and ends at whole channels. */
      readonly truncate: boolean
      readonly originalPositions: number
    }
  | {
      readonly type: 'longrope'
      readonly shortFactor: readonly number[]
      readonly longFactor: readonly number[]
      readonly attentionFactor: number
      /** Sequences longer than this use `longFactor`. */
      readonly originalPositions: number
    }

export interface RopeConfig {
  readonly kind: 'rope'
  readonly theta: number
  /** The first so many channels of each head turn; even. */
  readonly rotaryDim: number
  readonly scaling: RopeScaling
}

const knownTypes = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope']

/** @throws FamilyError for a type that is not known, or parameters that are missing. */
export function readRope(
  config: ConfigJson,
  spec: Extract<PositionSpec, { kind: 'rope' }>,
  headDim: number,
  maxPositions: number,
): RopeConfig {
  const scaling = ropeParameters(config)
  // Newer configurations keep everything in rope_parameters; older ones keep theta and fraction beside rope_scaling.
  const thetaKey = firstKey(config, spec.thetaKeys) ?? spec.thetaKeys[0]
  const theta = readPositive(scaling, 'rope_theta', readPositive(config, thetaKey, 10000))
  const fractionKey = firstKey(config, spec.fractionKeys) ?? spec.fractionKeys[0]
  const fraction = readPositive(scaling, 'partial_rotary_factor', readPositive(config, fractionKey, spec.fraction))
  const rotaryDim = Math.trunc(headDim * fraction)
  if (fraction > 1 || rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw new FamilyError(
      'bad-config',
      `${fractionKey} ${fraction} turns ${rotaryDim} of ${headDim} channels of a head; it must be an even number of them`,
    )
  }
  return { kind: 'rope', theta, rotaryDim, scaling: readScaling(config, scaling, spec, rotaryDim, maxPositions) }
}

function ropeParameters(config: ConfigJson): ConfigJson {
  const key = firstKey(config, ['rope_parameters', 'rope_scaling'])
  if (key === null) return {}
  const value = config[key]
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(key, value, 'an object or null')
  return value as ConfigJson
}

function readScaling(
  config: ConfigJson,
  scaling: ConfigJson,
  spec: Extract<PositionSpec, { kind: 'rope' }>,
  rotaryDim: number,
  maxPositions: number,
): RopeScaling {
  const type: unknown = scaling['rope_type'] ?? scaling['type'] ?? 'default'
  switch (type) {
    case 'default':
      return { type }
    case 'linear':
    case 'dynamic':
      return { type, factor: readPositive(scaling, 'factor') }
    case 'llama3':
      return {
        type,
        factor: readPositive(scaling, 'factor'),
        lowFreqFactor: readPositive(scaling, 'low_freq_factor'),
        highFreqFactor: readPositive(scaling, 'high_freq_factor'),
        originalPositions: readSize(scaling, 'original_max_position_embeddings'),
      }
    case 'yarn':
      return readYarn(scaling, maxPositions)
    case 'longrope':
    case 'su': // the name in Phi-3's first files
      return readLongRope(config, scaling, spec, rotaryDim, maxPositions)
    default:
      throw unknownValue('rope_type', type, knownTypes)
  }
}

function readYarn(scaling: ConfigJson, maxPositions: number): RopeScaling {
  const originalPositions = readSize(scaling, 'original_max_position_embeddings', maxPositions)
  const ratio = maxPositions / originalPositions
  const factor = readPositive(scaling, 'factor', ratio === 1 ? undefined : ratio)
  if (scaling['original_max_position_embeddings'] !== undefined && Math.abs(ratio - factor) > 1e-6 * factor) {
    // Some versions of transformers take the factor, others the ratio.
    throw new FamilyError(
      'unsupported',
      `yarn: factor is ${factor}, but max_position_embeddings / original_max_position_embeddings is ${ratio}; ` +
        'programs differ in which they take, so set them equal',
    )
  }
  const scale = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1)
  const mscale = scaling['mscale'] ? readPositive(scaling, 'mscale') : 0
  const allDim = scaling['mscale_all_dim'] ? readPositive(scaling, 'mscale_all_dim') : 0
  const attentionFactor = mscale && allDim ? scale(mscale) / scale(allDim) : scale(1)
  return {
    type: 'yarn',
    factor,
    attentionFactor: readPositive(scaling, 'attention_factor', attentionFactor),
    betaFast: readPositive(scaling, 'beta_fast', 32),
    betaSlow: readPositive(scaling, 'beta_slow', 1),
    truncate: readFlag(scaling, 'truncate', true),
    originalPositions,
  }
}

function readLongRope(
  config: ConfigJson,
  scaling: ConfigJson,
  spec: Extract<PositionSpec, { kind: 'rope' }>,
  rotaryDim: number,
  maxPositions: number,
): RopeScaling {
  const key = 'original_max_position_embeddings'
  const given = scaling[key] ?? config[key] ?? spec.originalPositions
  const originalPositions = given === null ? maxPositions : readSize({ [key]: given }, key)
  const factor = given === null ? readPositive(scaling, 'factor', 1) : maxPositions / originalPositions
  const attention = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions))
  return {
    type: 'longrope',
    shortFactor: readFactors(scaling, 'short_factor', rotaryDim / 2),
    longFactor: readFactors(scaling, 'long_factor', rotaryDim / 2),
    attentionFactor: readPositive(scaling, 'attention_factor', attention),
    originalPositions,
  }
}

function readFactors(scaling: ConfigJson, key: string, length: number): readonly number[] {
  const value = scaling[key]
  const good = Array.isArray(value) && value.length === length && value.every((x) => typeof x === 'number' && x > 0)
  if (!good)
    throw wrong(key, Array.isArray(value) ? `a list of ${value.length}` : value, `a list of ${length} numbers above 0`)
  return value as number[]
}
