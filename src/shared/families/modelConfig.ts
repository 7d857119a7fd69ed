// config.json read through its family's row: the numbers and kinds of one model.
import { isBitmaskConfig } from '../format/bitmaskConfig.ts'
import { activationOf, type ActivationKind } from './activations.ts'
import { familyOf, isObject } from './families.ts'
import { FamilyError } from './familyError.ts'
import type { FamilySpec, MlpKind, Projection, Residual } from './familySpec.ts'
import { readRope, type RopeConfig } from './ropeConfig.ts'
import { firstKey, readFlag, readPositive, readSetting, readSize, type ConfigJson } from './settings.ts'
import { readWindows } from './windows.ts'

export interface LearnedPositions {
  readonly kind: 'learned'
  readonly offset: number
  /** Positions count real tokens only; padding takes row offset − 1. */
  readonly fromMask: boolean
}

export interface NormConfig {
  readonly kind: 'layerNorm' | 'rmsNorm'
  readonly eps: number
  readonly unitOffset: 0 | 1
  readonly affine: boolean
}

export interface ExpertsConfig {
  readonly numExperts: number
  readonly topK: number
  /** The chosen experts' shares are scaled to sum to 1. */
  readonly normalise: boolean
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
  readonly position: LearnedPositions | RopeConfig
  readonly activation: ActivationKind
  readonly norm: NormConfig
  readonly finalNorm: boolean
  readonly projection: Projection
  readonly qkNorm: 'none' | 'rmsNorm' | 'layerNorm'
  /** What multiplies q·k, by block. */
  readonly attentionScales: readonly number[]
  /** Sliding window by block, 0 = none. */
  readonly windows: readonly number[]
  readonly mlp: MlpKind
  readonly experts: ExpertsConfig | null
  readonly bias: { readonly qkv: boolean; readonly out: boolean; readonly mlp: boolean; readonly head: boolean }
  readonly residual: Residual
  /** Multiplies word embeddings. */
  readonly embedScale: number
  /** The head is the word embedding. */
  readonly tied: boolean
  /** In front of base-model names in this checkpoint. */
  readonly prefix: string
}

/** Whether a block is its attention, then its MLP; side by side they have no state between them. */
export function hasSubmodules({ residual }: Pick<ModelConfig, 'residual'>): boolean {
  return residual === 'preNorm' || residual === 'postNorm'
}

/** More blocks than any model has: lists by block stay small whatever a file says. */
const mostBlocks = 4096

/**
 * Reads a parsed config.json. `names`, the checkpoint's tensor names, tells whether the base model's prefix is there;
 * without them it is taken to be.
 * @throws FamilyError: what is wrong, and which values are known.
 */
export function readModelConfig(config: unknown, names?: { has(name: string): boolean }): ModelConfig {
  const family = familyOf(config)
  const json = isObject(config) ? config : {}
  refuse(json, family)
  const { keys } = family
  const hiddenSize = readSize(json, keys.hiddenSize)
  const numBlocks = readSize(json, keys.numBlocks)
  if (numBlocks > mostBlocks)
    throw new FamilyError('bad-config', `${keys.numBlocks} is ${numBlocks}, more than any model has`)
  const heads = readHeads(json, family, hiddenSize)
  const residual = readResidual(json, family)
  const maxPositions = readSize(json, keys.maxPositions)
  const activationKey = firstKey(json, keys.activation) ?? keys.activation[0]
  const embedSize = keys.embedSize ? readSize(json, keys.embedSize, hiddenSize) : hiddenSize
  return {
    family,
    hiddenSize,
    // Only GPT-2 leaves this open: n_inner null is four times the width.
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
      family.position.kind === 'rope' ? readRope(json, family.position, heads.headDim, maxPositions) : family.position,
    activation: activationOf(activationKey, json[activationKey] ?? family.activation),
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
    windows: readWindows(json, family.window, numBlocks),
    mlp: family.mlp,
    experts: readExperts(json, family),
    bias: {
      qkv: readSetting(json, family.bias.qkv),
      out: readSetting(json, family.bias.out),
      mlp: readSetting(json, family.bias.mlp),
      head: family.bias.head,
    },
    residual,
    embedScale: family.scaledEmbedding ? Math.fround(Math.sqrt(hiddenSize)) : 1,
    tied: readFlag(json, 'tie_word_embeddings', family.tied),
    prefix: readPrefix(family, names),
  }
}

function refuse(json: ConfigJson, family: FamilySpec): void {
  for (const key of [...family.refused, 'quantization_config']) {
    const value = json[key]
    if (value === undefined || value === null || value === false || isBitmaskConfig(value)) continue
    const shown = typeof value === 'object' ? 'set' : JSON.stringify(value)
    throw new FamilyError('unsupported', `${key} is ${shown}; ${family.title} models with it cannot be computed here`)
  }
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
  const base = !scaling || readFlag(json, scaling.enabledKey, true) ? 1 / Math.sqrt(headDim) : 1
  const byBlock = scaling !== null && readFlag(json, scaling.byBlockKey, false)
  return Array.from({ length: numBlocks }, (_, block) => (byBlock ? base / (block + 1) : base))
}

function readExperts(json: ConfigJson, { moe }: FamilySpec): ExpertsConfig | null {
  if (!moe) return null
  const numExperts = readSize(json, moe.numExpertsKey, moe.numExperts)
  const topK = readSize(json, moe.topKKey, moe.topK)
  if (topK > numExperts) {
    throw new FamilyError(
      'bad-config',
      `${moe.topKKey} ${topK} is more than ${moe.numExpertsKey} ${numExperts}; is one of them wrong?`,
    )
  }
  return { numExperts, topK, normalise: readFlag(json, moe.normaliseKey, true) }
}

function readPrefix(family: FamilySpec, names: { has(name: string): boolean } | undefined): string {
  const embedding = `${family.tensors['embed.token']}.weight`
  const bare = names !== undefined && !names.has(family.prefix + embedding) && names.has(embedding)
  return bare ? '' : family.prefix
}
