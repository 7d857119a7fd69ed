// The set that a recipe's `train` list means on a model, what about it would surprise, and its parts.
import { adapterNames, defaultAdapter, isAdapterName, type AdapterName } from '../adapters/adapters.ts'
import type { Subset } from '../adapters/subsets.ts'
import type { ModelConfig } from '../families/modelConfig.ts'
import { blockParameters, type Parameter } from '../families/parameters.ts'
import { PlanError } from './planError.ts'
import { trainableSet, type TrainableSet, type TrainChoice } from './trainable.ts'

export interface Trainable extends TrainableSet {
  readonly warnings: readonly string[]
}

/** `place`: of the recovery in the recipe. @throws PlanError when subsets exclude each other, or when nothing would train. */
export function selectTrainable(config: ModelConfig, recover: TrainChoice, place = 'recover'): Trainable {
  const { train, mode } = recover
  checkCombination(train, place)
  const warnings: string[] = []
  const usable = train.filter((subset) => {
    const skipped = mode === 'reconstruct' && (subset === 'head' || subset === 'embedding')
    if (skipped) warnings.push(`${place}.train: ${subset} lies outside the blocks and is not trained by reconstruction`)
    const redundant = subset === 'head' && train.includes('full')
    if (redundant && !skipped) warnings.push(`${place}.train: full trains the head already, head adds nothing`)
    return !skipped && !redundant
  })
  const set = trainableSet(config, recover)
  const missing = usable.filter((subset) => trainsNothing(config, subset, mode))
  const why = missing.map(
    (subset) => `${config.family.title} models of this configuration have no ${nounOf(subset)} to train`,
  )
  const better = trainsNothing(config, 'norm', mode) ? defaultAdapter : `norm or ${defaultAdapter}`
  if (set.direct.length + set.adapted.length === 0)
    throw new PlanError(
      `${place}.train: [${train.join(', ')}] selects nothing: ${why.join(', and ') || warnings.join('; ') || 'the list is empty'}. Add ${better}`,
    )
  warnings.push(...why.map((sentence) => `${place}.train: ${sentence}`))
  return { ...set, warnings }
}

/** The part of a set that lies in one block. */
export function setOfBlock(config: ModelConfig, set: TrainableSet, block: number): TrainableSet {
  return setWithin(set, blockParameters(config, block))
}

/** The part that lies in the attention, or the MLP, of one block: each with its norm. */
export function setOfSubmodule(
  config: ModelConfig,
  set: TrainableSet,
  block: number,
  name: 'attention' | 'mlp',
): TrainableSet {
  const inAttention = ({ slot }: Parameter) => slot.startsWith('attn.')
  return setWithin(
    set,
    blockParameters(config, block).filter((p) => inAttention(p) === (name === 'attention')),
  )
}

function setWithin(set: TrainableSet, within: readonly Parameter[]): TrainableSet {
  const parameters = new Set(within.map(({ name }) => name))
  return {
    direct: set.direct.filter(({ name }) => parameters.has(name)),
    adapted: set.adapted.filter(({ name }) => parameters.has(`${name}.weight`)),
  }
}

function checkCombination(train: readonly Subset[], place: string): void {
  const adapters = adapterNames.filter((name) => train.includes(name)).reverse()
  if (adapters.length > 1)
    throw new PlanError(`${place}.train: ${adapters.join(' and ')} exclude each other; keep one of them`)
  if (adapters.length > 0 && train.includes('full'))
    throw new PlanError(
      `${place}.train: full trains the weights themselves, so ${adapters[0]} has nothing to add; keep one of them`,
    )
}

/** Alone it would find no parameter: `bias` in a model without biases. */
function trainsNothing(config: ModelConfig, subset: Subset, mode: TrainChoice['mode']): boolean {
  const { direct, adapted } = trainableSet(config, { mode, train: [subset] })
  return direct.length + adapted.length === 0
}

const nouns: Record<Exclude<Subset, AdapterName>, string> = {
  bias: 'biases',
  norm: 'norm weights',
  embedding: 'embeddings',
  full: 'parameters',
  head: 'head',
}

function nounOf(subset: Subset): string {
  return isAdapterName(subset) ? 'linears' : nouns[subset]
}
