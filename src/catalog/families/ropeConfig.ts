// Rotary positions as config.json describes them, in its older and its newer form.
import { FamilyError, unknownValue } from './familyError.ts'
import type { PositionSpec } from './familySpec.ts'
import { firstKey, readFlag, readPositive, readSize, wrong, type ConfigJson } from './settings.ts'

/** The change of base frequencies for longer contexts; names and meaning as in transformers' ROPE_INIT_FUNCTIONS. */
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
  readonly theta: number
  /** Number of channels of each head that are rotated, the first ones; even. */
  readonly rotaryDim: number
  readonly scaling: RopeScaling
}

const knownTypes = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope']

type RopeSpec = Extract<PositionSpec, { kind: 'rope' }>

/**
 * The rotation of each block; null: it has none. `windows` are the tokens that each block sees, 0 = all.
 * @throws FamilyError for a type that is not known, or parameters that are missing.
 */
export function readRopes(
  config: ConfigJson,
  spec: RopeSpec,
  headDim: number,
  maxPositions: number,
  windows: readonly number[],
): (RopeConfig | null)[] {
  const read = (scaling: ConfigJson, of: RopeSpec) => readRope(config, scaling, of, headDim, maxPositions)
  const { local } = spec
  if (local) checkByType(config)
  const all = read(ropeParameters(config, local && 'full_attention'), spec)
  const near = local ? read(localParameters(config), { ...spec, thetaKeys: [local.thetaKey], theta: local.theta }) : all
  const turns = readTurning(config, spec, windows.length)
  return windows.map((window, block) => (!turns[block] ? null : window > 0 ? near : all))
}

/** Which blocks rotate queries and keys: those with an entry other than 0; without a list, all but each `every`th. */
function readTurning(config: ConfigJson, { without }: RopeSpec, numBlocks: number): boolean[] {
  const blocks = Array.from({ length: numBlocks }, (_, block) => block)
  if (!without) return blocks.map(() => true)
  const list = config[without.listKey]
  if (list === undefined || list === null) {
    const every = readSize(config, without.everyKey, without.every)
    return blocks.map((block) => (block + 1) % every !== 0)
  }
  if (!Array.isArray(list) || list.length < numBlocks || !list.every((x) => x === 0 || x === 1))
    throw new FamilyError(
      'bad-config',
      `${without.listKey} must be a list with 0 or 1 for each of the ${numBlocks} blocks`,
    )
  return blocks.map((block) => list[block] === 1)
}

function readRope(
  config: ConfigJson,
  scaling: ConfigJson,
  spec: RopeSpec,
  headDim: number,
  maxPositions: number,
): RopeConfig {
  // Newer configurations keep everything in rope_parameters; older ones keep theta and fraction beside rope_scaling.
  const thetaKey = firstKey(config, spec.thetaKeys) ?? spec.thetaKeys[0]
  const theta = readPositive(scaling, 'rope_theta', readPositive(config, thetaKey, spec.theta))
  const fractionKey = firstKey(config, spec.fractionKeys) ?? spec.fractionKeys[0] ?? 'partial_rotary_factor'
  const fraction = readPositive(scaling, 'partial_rotary_factor', readPositive(config, fractionKey, spec.fraction))
  if (spec.fractionKeys.length === 0 && fraction !== 1)
    throw new FamilyError('unsupported', `partial_rotary_factor is ${fraction}; such models rotate whole heads`)
  const rotaryDim = Math.trunc(headDim * fraction)
  if (fraction > 1 || rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw new FamilyError(
      'bad-config',
      `${fractionKey} ${fraction} rotates ${rotaryDim} of ${headDim} channels of a head; it must be an even number of them`,
    )
  }
  return { theta, rotaryDim, scaling: readScaling(config, scaling, spec, rotaryDim, maxPositions) }
}

/** `layerType`: newer configurations of models with two kinds of blocks have parameters for each kind. */
function ropeParameters(config: ConfigJson, layerType: 'full_attention' | null): ConfigJson {
  const newer = objectOf(config, 'rope_parameters')
  const value = Object.keys(newer).length > 0 ? newer : objectOf(config, 'rope_scaling')
  return layerType && isByType(value) ? objectOf(value, layerType) : value
}

/** Rotary parameters of blocks with a window. Older configurations scale only the other blocks. */
function localParameters(config: ConfigJson): ConfigJson {
  const given = objectOf(config, 'rope_parameters')
  return isByType(given) ? objectOf(given, 'sliding_attention') : {}
}

/**
 * Models with two kinds of blocks need parameters for each kind: transformers ignores flat parameters and takes its defaults.
 * @throws FamilyError
 */
function checkByType(config: ConfigJson): void {
  const given = objectOf(config, 'rope_parameters')
  if (Object.keys(given).length === 0 || isByType(given)) return
  throw new FamilyError(
    'unsupported',
    'rope_parameters has neither full_attention nor sliding_attention; programs differ in which blocks flat parameters apply to, ' +
      'so write them under full_attention and sliding_attention',
  )
}

function isByType(parameters: ConfigJson): boolean {
  return 'full_attention' in parameters || 'sliding_attention' in parameters
}

function objectOf(config: ConfigJson, key: string): ConfigJson {
  const value = config[key] ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(key, value, 'an object or null')
  return value as ConfigJson
}

function readScaling(
  config: ConfigJson,
  scaling: ConfigJson,
  spec: RopeSpec,
  rotaryDim: number,
  maxPositions: number,
): RopeScaling {
  const given: unknown = scaling['rope_type'] ?? scaling['type'] ?? 'default'
  const type = spec.longropeNames.some((name) => name === given) ? 'longrope' : given
  switch (type) {
    case 'default':
      return { type }
    case 'linear':
    case 'dynamic':
      return { type, factor: readPositive(scaling, 'factor') }
    case 'llama3':
      checkOuter(config, scaling)
      return {
        type,
        factor: readPositive(scaling, 'factor'),
        lowFreqFactor: readPositive(scaling, 'low_freq_factor'),
        highFreqFactor: readPositive(scaling, 'high_freq_factor'),
        originalPositions: readSize(scaling, originalKey),
      }
    case 'yarn':
      return readYarn(config, scaling, maxPositions)
    case 'longrope':
      return readLongRope(config, scaling, spec, rotaryDim, maxPositions)
    default:
      throw unknownValue('rope_type', type, knownTypes)
  }
}

const originalKey = 'original_max_position_embeddings'

/** @throws FamilyError if config.json has the key at its top level, and not the same value beside rope_type: programs differ. */
function checkOuter(config: ConfigJson, scaling: ConfigJson): void {
  const [outer, inner] = [config[originalKey] ?? undefined, scaling[originalKey]]
  if (outer === undefined || outer === inner) return
  throw new FamilyError(
    'unsupported',
    `${originalKey} is ${JSON.stringify(outer)} in config.json, but ${JSON.stringify(inner) ?? 'missing'} beside rope_type; ` +
      'programs differ in which they take, so set them equal',
  )
}

function readYarn(config: ConfigJson, scaling: ConfigJson, maxPositions: number): RopeScaling {
  checkOuter(config, scaling)
  const originalPositions = readSize(scaling, originalKey, maxPositions)
  const ratio = maxPositions / originalPositions
  const factor = readPositive(scaling, 'factor', ratio === 1 ? undefined : ratio)
  if (scaling[originalKey] !== undefined && Math.abs(ratio - factor) > 1e-6 * factor) {
    throw twoFactors('yarn', factor, ratio)
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

/** Error for two values that disagree: some versions of transformers take the factor, others the ratio. */
function twoFactors(type: string, factor: number, ratio: number): FamilyError {
  return new FamilyError(
    'unsupported',
    `${type}: factor is ${factor}, but max_position_embeddings / ${originalKey} is ${ratio}; ` +
      'programs differ in which they take, so set them equal',
  )
}

function readLongRope(
  config: ConfigJson,
  scaling: ConfigJson,
  spec: RopeSpec,
  rotaryDim: number,
  maxPositions: number,
): RopeScaling {
  const given = config[originalKey] ?? spec.originalPositions ?? scaling[originalKey] ?? null
  const originalPositions = given === null ? maxPositions : readSize({ [originalKey]: given }, originalKey)
  const ratio = maxPositions / originalPositions
  const factor = readPositive(scaling, 'factor', ratio)
  if (given !== null && Math.abs(ratio - factor) > 1e-6 * factor) throw twoFactors('longrope', factor, ratio)
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
