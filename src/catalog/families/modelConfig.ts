// config.json read through its family's row: the numbers and kinds of one model.
import { activationOf, type ActivationKind } from './activations.ts'
import { familyOf } from './families.ts'
import { FamilyError } from './familyError.ts'
import type { FamilySpec, LearnedSpec, MlpKind, NormSpec, Projection, Residual, Setting } from './familySpec.ts'
import { refuse } from './refused.ts'
import { readRopes, type RopeConfig } from './ropeConfig.ts'
import { textModelOf, type TextNames } from './textModel.ts'
import { firstKey, readFlag, readNumber, readPositive, readSetting, readSize, type ConfigJson } from './settings.ts'
import { readWindows } from './windows.ts'
import { fieldsOf } from '../formats/json.ts'

interface RotaryPositions {
  readonly kind: 'rope'
  /** null where queries and keys of that block are not rotated. */
  readonly byBlock: readonly (RopeConfig | null)[]
}

export interface ExpertsConfig {
  readonly numExperts: number
  readonly topK: number
  /** The chosen experts' shares are scaled to sum to 1. */
  readonly normalise: boolean
  /** Width of the expert that every token passes, 0 = none. */
  readonly sharedSize: number
}

export interface ModelConfig {
  readonly family: FamilySpec
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly numBlocks: number
  readonly numHeads: number
  readonly numKvHeads: number
  readonly headDim: number
  readonly vocabSize: number
  /** Width of the word embeddings; differs from hiddenSize only where embeddings are projected. */
  readonly embedSize: number
  /** Length of the position table, or what rotary positions were trained for. */
  readonly maxPositions: number
  readonly position: LearnedSpec | RotaryPositions
  readonly activation: ActivationKind
  readonly norm: Pick<NormSpec, 'kind' | 'eps' | 'unitOffset'> & { readonly affine: boolean }
  readonly finalNorm: boolean
  readonly projection: Projection
  readonly qkNorm: 'none' | 'rmsNorm' | 'rmsNormWide' | 'layerNorm'
  /** Factor of q·k of each block. */
  readonly attentionScales: readonly number[]
  /** Sliding window by block, 0 = none. */
  readonly windows: readonly number[]
  readonly mlp: MlpKind
  readonly experts: ExpertsConfig | null
  readonly bias: { readonly qkv: boolean; readonly out: boolean; readonly mlp: boolean; readonly head: boolean }
  readonly residual: Residual
  /** Multiplies word embeddings. */
  readonly embedScale: number
  /** Multiplies both branches before they are added to the stream. */
  readonly residualScale: number
  /** Multiplies logits. */
  readonly logitsScale: number
  /** Caps of attention scores and of logits, cap · tanh(x / cap); 0 = none. */
  readonly scoreCap: number
  readonly logitsCap: number
  /** The head is the word embedding. */
  readonly tied: boolean
  /** Prefix of base-model names in this checkpoint. */
  readonly prefix: string
  /** Prefix of the head's name. */
  readonly headPrefix: string
  /** The checkpoint holds more than this text model, whose own tensors are the head's and those that begin with `prefix`. */
  readonly isPart: boolean
}

/** Most blocks, more than any model has: lists by block stay small whatever a file claims. */
const mostBlocks = 4096
/** Most experts, in all blocks together, for the same reason. */
const mostExperts = 2 ** 17

/**
 * Reads a parsed config.json. `names`, the checkpoint's tensor names, shows whether the base model's names have their prefix;
 * without `names`, they are assumed to have it.
 * @throws FamilyError: what is wrong, and which values are known.
 */
export function readModelConfig(config: unknown, names?: { has(name: string): boolean }): ModelConfig {
  const text = textModelOf(config)
  const family = familyOf(text.config)
  const json = { ...family.defaults, ...fieldsOf(text.config) }
  refuse(json, family)
  const { keys } = family
  const hiddenSize = readSize(json, keys.hiddenSize)
  const numBlocks = readSize(json, keys.numBlocks)
  if (numBlocks > mostBlocks)
    throw new FamilyError('bad-config', `${keys.numBlocks} is ${numBlocks}, more than any model has`)
  const heads = readHeads(json, family, hiddenSize)
  const residual = readResidual(json, family)
  const maxPositions = readSize(json, keys.maxPositions)
  const windows = readWindows(json, family.window, numBlocks)
  const embedSize = keys.embedSize ? readSize(json, keys.embedSize, hiddenSize) : hiddenSize
  return {
    family,
    hiddenSize,
    // Only GPT-2 may leave this out: `n_inner: null` means four times the hidden size.
    intermediateSize: readSize(
      json,
      keys.intermediateSize,
      family.linearLayout === 'inOut' ? 4 * hiddenSize : undefined,
    ),
    numBlocks,
    ...heads,
    vocabSize: readSize(json, 'vocab_size'),
    embedSize,
    maxPositions,
    position:
      family.position.kind === 'rope'
        ? { kind: 'rope', byBlock: readRopes(json, family.position, heads.headDim, maxPositions, windows) }
        : family.position,
    activation: readActivation(json, family),
    norm: {
      kind: family.norm.kind,
      eps: family.norm.epsKey ? readPositive(json, family.norm.epsKey, family.norm.eps) : family.norm.eps,
      unitOffset: family.norm.unitOffset,
      affine: readSetting(json, family.norm.affine),
    },
    finalNorm: readFinalNorm(json, family, residual),
    projection: family.projection,
    qkNorm: readQkNorm(json, family),
    attentionScales: readScales(json, family, heads.headDim, numBlocks),
    windows,
    mlp: family.mlp,
    experts: readExperts(json, family, numBlocks),
    bias: {
      qkv: readSetting(json, family.bias.qkv),
      out: readSetting(json, family.bias.out),
      mlp: readSetting(json, family.bias.mlp),
      head: family.bias.head,
    },
    residual,
    embedScale: readEmbedScale(json, family, hiddenSize),
    residualScale: readNumber(json, family.residualScale),
    logitsScale: 1 / readNumber(json, family.logitsDivisor),
    scoreCap: readCap(json, family.softcap.scores),
    logitsCap: readCap(json, family.softcap.logits),
    tied: readFlag(json, 'tie_word_embeddings', family.tied),
    ...readNames(family, text.names, names),
  }
}

/** @throws FamilyError where two keys name different activations. */
function readActivation(json: ConfigJson, { keys, activation, activationAliases }: FamilySpec): ActivationKind {
  const given = keys.activation.filter((key) => json[key] !== undefined && json[key] !== null)
  if (given.length === 0) return activationOf(keys.activation[0], activation)
  const kinds = given.map((key) => {
    const name = json[key]
    return activationOf(key, typeof name === 'string' ? (activationAliases[name] ?? name) : name)
  })
  if (new Set(kinds).size > 1)
    throw new FamilyError(
      'unsupported',
      `${given.join(' and ')} name different functions; programs differ in which they take, so set them equal`,
    )
  return kinds[0]
}

function readHeads(json: ConfigJson, family: FamilySpec, hiddenSize: number) {
  const { keys } = family
  const numHeads = readSize(json, keys.numHeads)
  const numKvHeads = keys.numKvHeads ? readSize(json, keys.numKvHeads, numHeads) : numHeads
  const ofWidth = hiddenSize % numHeads === 0 ? hiddenSize / numHeads : undefined
  const given = keys.headDim !== null && json[keys.headDim] !== null ? json[keys.headDim] : undefined
  const otherwise = given === undefined && keys.headDim && json[keys.headDim] === undefined ? family.headDim : null
  const headDim =
    keys.headDim === null ? ofWidth : given !== undefined ? readSize(json, keys.headDim) : (otherwise ?? ofWidth)
  if (headDim === undefined) {
    throw new FamilyError(
      'bad-config',
      `${keys.hiddenSize} ${hiddenSize} is not a multiple of ${keys.numHeads} ${numHeads}; is one of them wrong?`,
    )
  }
  if (numHeads % numKvHeads !== 0) {
    throw new FamilyError(
      'bad-config',
      `${keys.numHeads} ${numHeads} is not a multiple of ${keys.numKvHeads} ${numKvHeads}; is one of them wrong?`,
    )
  }
  return { numHeads, numKvHeads, headDim }
}

function readResidual(json: ConfigJson, { residual }: FamilySpec): Residual {
  if (typeof residual === 'string') return residual
  return readFlag(json, residual.key, residual.otherwise) ? residual.yes : residual.no
}

function readFinalNorm(json: ConfigJson, { finalNorm }: FamilySpec, residual: Residual): boolean {
  if (typeof finalNorm === 'boolean') return finalNorm
  return residual !== 'postNorm' && !readFlag(json, finalNorm.unlessKey, false)
}

function readQkNorm(json: ConfigJson, { qkNorm }: FamilySpec): ModelConfig['qkNorm'] {
  if (typeof qkNorm === 'string') return qkNorm
  return readFlag(json, qkNorm.key, false) ? qkNorm.kind : 'none'
}

function readScales(json: ConfigJson, { scaling }: FamilySpec, headDim: number, numBlocks: number): number[] {
  if (scaling && 'is' in scaling) {
    const given = readPositive(json, scaling.key, scaling.otherwise)
    return new Array<number>(numBlocks).fill(scaling.is === 'scale' ? given : 1 / Math.sqrt(given))
  }
  const base = !scaling || readFlag(json, scaling.enabledKey, true) ? 1 / Math.sqrt(headDim) : 1
  const byBlock = scaling !== null && readFlag(json, scaling.byBlockKey, false)
  return Array.from({ length: numBlocks }, (_, block) => (byBlock ? base / (block + 1) : base))
}

function readEmbedScale(json: ConfigJson, { embedScale }: FamilySpec, hiddenSize: number): number {
  return Math.fround(embedScale === '√hiddenSize' ? Math.sqrt(hiddenSize) : readNumber(json, embedScale))
}

function readCap(json: ConfigJson, cap: Setting<number>): number {
  if (typeof cap === 'number' || json[cap.key] === null) return 0
  return json[cap.key] === undefined ? cap.otherwise : readPositive(json, cap.key)
}

function readExperts(json: ConfigJson, { moe }: FamilySpec, numBlocks: number): ExpertsConfig | null {
  if (!moe) return null
  const numExpertsKey = firstKey(json, moe.numExpertsKeys) ?? moe.numExpertsKeys[0]
  const numExperts = readSize(json, numExpertsKey, moe.numExperts)
  if (numBlocks * numExperts > mostExperts)
    throw new FamilyError('bad-config', `${numExpertsKey} is ${numExperts}, in each block: more than any model has`)
  const topK = readSize(json, moe.topKKey, moe.topK)
  if (topK > numExperts) {
    throw new FamilyError(
      'bad-config',
      `${moe.topKKey} ${topK} is more than ${numExpertsKey} ${numExperts}; is one of them wrong?`,
    )
  }
  return {
    numExperts,
    topK,
    normalise: readSetting(json, moe.normalise),
    sharedSize: moe.sharedSizeKey ? readSize(json, moe.sharedSizeKey) : 0,
  }
}

function readNames(
  family: FamilySpec,
  ofText: readonly TextNames[] | null,
  names: { has(name: string): boolean } | undefined,
): Pick<ModelConfig, 'prefix' | 'headPrefix' | 'isPart'> {
  const embedding = `${family.tensors['embed.token']}.weight`
  const known = ofText ?? [family.prefix, ''].map((prefix) => ({ prefix, headPrefix: '' }))
  const found = known.find(({ prefix }) => names?.has(prefix + embedding)) ?? known[0]
  return { ...found, isPart: ofText !== null }
}
