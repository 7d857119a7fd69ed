// Which parameters a recipe's `train` list means on a model (methods.md 5.1), and what about it would surprise.
import {
  moduleName,
  modelParameters,
  blockLinears,
  blockParameters,
  type Parameter,
} from '../../shared/families/parameters.ts'
import { adapterNames, defaultAdapter, isAdapterName, type AdapterName } from '../../shared/adapters/adapters.ts'
import type { ModelConfig } from '../../shared/families/modelConfig.ts'
import type { Subset } from '../../shared/adapters/subsets.ts'
import { EngineError } from '../errors.ts'
import type { RecoverMode } from './schedule.ts'
import type { AdaptedLinear, DirectParameter, TrainableSet } from './trainables.ts'

export interface Selection extends TrainableSet {
  readonly warnings: readonly string[]
}

/** Module name under which the low-rank update of the head goes, also where the head is the word embedding. */
export function headModule(config: ModelConfig): string {
  return moduleName(config, 'lmHead')
}

/** @throws EngineError 'bad-recipe' when subsets exclude each other, or when nothing would train. */
export function selectTrainable(config: ModelConfig, train: readonly Subset[], mode: RecoverMode): Selection {
  const adapters = adapterNames.filter((name) => train.includes(name)).reverse()
  checkCombination(train, adapters)
  const warnings: string[] = []
  const usable = train.filter((subset) => {
    const skipped = mode === 'reconstruct' && (subset === 'head' || subset === 'embedding')
    if (skipped) warnings.push(`recover.train: ${subset} lies outside the blocks and is not trained by reconstruction`)
    const redundant = subset === 'head' && train.includes('full')
    if (redundant && !skipped) warnings.push('recover.train: full trains the head already, head adds nothing')
    return !skipped && !redundant
  })
  const within = modelParameters(config).filter(({ block }) => mode === 'retrain' || block !== null)
  const direct = within.filter((parameter) => usable.some((subset) => contains(subset, parameter))).map(asDirect)
  const adapted = [
    ...(adapters.length ? blockLinears(config).map((linear) => adapt(linear, adapters[0])) : []),
    ...(usable.includes('head') ? [adaptedHead(config)] : []),
  ]
  const none = usable.filter((subset) => isDirect(subset) && !within.some((parameter) => contains(subset, parameter)))
  const why = none.map(
    (subset) =>
      `${config.family.title} models of this configuration have no ${isAdapterName(subset) ? 'linears' : nouns[subset]} to train`,
  )
  if (direct.length + adapted.length === 0)
    throw new EngineError(
      'bad-recipe',
      `recover.train: [${train.join(', ')}] selects nothing: ${why.join(', and ') || warnings.join('; ') || 'the list is empty'}. Add norm or ${defaultAdapter}`,
    )
  warnings.push(...why.map((sentence) => `recover.train: ${sentence}`))
  return { direct, adapted, warnings }
}

/** The part of a selection that lies in one block. */
export function selectionOfBlock(config: ModelConfig, set: TrainableSet, block: number): TrainableSet {
  return selectionWithin(set, blockParameters(config, block))
}

/** The part that lies in the attention, or the MLP, of one block: each with its norm. */
export function selectionOfSubmodule(
  config: ModelConfig,
  set: TrainableSet,
  block: number,
  name: 'attention' | 'mlp',
): TrainableSet {
  const inAttention = ({ role }: Parameter) => role.startsWith('attn.')
  const wanted = blockParameters(config, block).filter((p) => inAttention(p) === (name === 'attention'))
  return selectionWithin(set, wanted)
}

function selectionWithin(set: TrainableSet, within: readonly Parameter[]): TrainableSet {
  const parameters = new Set(within.map(({ name }) => name))
  return {
    direct: set.direct.filter(({ name }) => parameters.has(name)),
    adapted: set.adapted.filter(({ name }) => parameters.has(`${name}.weight`)),
  }
}

/** All base parameters, a tied head once and adapters not at all: the denominator of the published percentages. */
export function countParameters(config: ModelConfig): number {
  return modelParameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
}

function checkCombination(train: readonly Subset[], adapters: readonly AdapterName[]): void {
  if (adapters.length > 1)
    throw new EngineError('bad-recipe', `recover.train: ${adapters.join(' and ')} exclude each other; keep one of them`)
  if (adapters.length > 0 && train.includes('full'))
    throw new EngineError(
      'bad-recipe',
      `recover.train: full trains the weights themselves, so ${adapters[0]} has nothing to add; keep one of them`,
    )
}

const nouns: Record<Exclude<Subset, AdapterName>, string> = {
  bias: 'biases',
  norm: 'norm weights',
  embedding: 'embeddings',
  full: 'parameters',
  head: 'head',
}

function isDirect(subset: Subset): boolean {
  return subset === 'bias' || subset === 'norm' || subset === 'embedding' || subset === 'full'
}

/** Biases of norms count as biases and as norms, as in the authors' code. */
function contains(subset: Subset, { kind }: Parameter): boolean {
  switch (subset) {
    case 'bias':
      return kind === 'bias' || kind === 'normBias'
    case 'norm':
      return kind === 'norm' || kind === 'normBias'
    case 'embedding':
      return kind === 'embedding'
    case 'full':
      return true
    default:
      return false
  }
}

function asDirect({ name, kind, shape }: Parameter): DirectParameter {
  return { name, shape, masked: kind === 'linear' ? name.replace(/\.weight$/, '') : null }
}

function adapt({ name, shape }: { name: string; shape: readonly [number, number] }, kind: AdapterName): AdaptedLinear {
  return { name, shape, kind }
}

function adaptedHead(config: ModelConfig): AdaptedLinear {
  return { name: headModule(config), shape: [config.vocabSize, config.embedSize], kind: 'low_rank' }
}
