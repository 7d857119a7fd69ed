// Everything about a run that can be known, and refused, before it begins. Run, dry run and estimates start from it.
import type { ModelConfig } from '../families/modelConfig.ts'
import { blockLinears, blockParameters } from '../families/parameters.ts'
import { largest } from '../format/lists.ts'
import { recoveryPlace, type ResolvedRecipe, type ResolvedRecover } from '../recipe/resolve.ts'
import { groupPasses, isBlockwise, type Passes } from './passes.ts'
import { PlanError } from './planError.ts'
import {
  checkEntries,
  lookAtData,
  plannedAllocations,
  pruneEntries,
  type PlannedAllocation,
  type PruneEntry,
} from './pruneEntries.ts'
import { selectTrainable, setOfBlock, type Trainable } from './selectTrainable.ts'
import { countParameters, countTrainable, headModule, sizeOf, trainableSet, type TrainableSet } from './trainable.ts'

export interface RunPlan {
  readonly entries: readonly PruneEntry[]
  /** Of the entries whose sparsities are decided by what the dense model shows. */
  readonly allocations: readonly PlannedAllocation[]
  /** In the recipe's order. */
  readonly recoveries: readonly PlannedRecovery[]
  /** The same by passes over the model. */
  readonly passes: Passes<PlannedRecovery>
  /** Of the recovery that trains most; null: nothing trains. */
  readonly count: TrainableCount | null
  readonly needsCalibration: boolean
  /** A tied head that is trained gets weights of its own. */
  readonly untiesHead: boolean
  /** The largest of all recoveries. */
  readonly sizes: PlanSizes
}

/** `percent` of all base parameters. */
export interface TrainableCount {
  readonly count: number
  readonly percent: number
}

export interface PlannedRecovery {
  /** In the recipe's list. */
  readonly index: number
  /** Its path in the recipe: `recover`, or `recover.1` of several. */
  readonly place: string
  readonly settings: ResolvedRecover
  /** Both null: it trains nothing, but solves for the weights. */
  readonly trainable: Trainable | null
  readonly count: TrainableCount | null
  /** A tied head that it trains gets weights of its own. */
  readonly untiesHead: boolean
}

/** Numbers that are in memory at once: of one block, or of all that trains. */
export interface PlanSizes {
  /** Parameters of the largest block. */
  readonly blockParameters: number
  /** Numbers that train at once, adapters included. */
  readonly trainable: number
  /** Weights that train under an adapter at once: each has an f32 effective weight beside it. */
  readonly adapted: number
}

/** @throws PlanError: what is missing, or cannot be done with this model. */
export function planRun(recipe: ResolvedRecipe, config: ModelConfig): RunPlan {
  const linears = blockLinears(config)
  const modules = linears.map(({ name, block, kind }) => ({ name, block, className: kind }))
  const ofSteps = pruneEntries(recipe.prune, modules, config.numBlocks)
  const entries = ofSteps.filter(({ sparsities }) => sparsities.size > 0)
  checkEntries(entries, new Map(linears.map(({ name, shape }) => [name, shape])))
  const allocations = plannedAllocations(recipe.prune, ofSteps)
  const recoveries: PlannedRecovery[] = []
  for (const index of recipe.recover.keys()) {
    // Once its head has weights of its own, a model is no longer tied.
    const tied = config.tied && !recoveries.some(({ untiesHead }) => untiesHead)
    recoveries.push(plannedRecovery(recipe, index, { ...config, tied }, entries.length > 0))
  }
  const needsCalibration = recipe.recover.some(isBlockwise) || lookAtData(entries) || allocations.length > 0
  if (needsCalibration && !recipe.calibration)
    throw new PlanError('calibration is missing: these methods look at data, so set calibration.data')
  checkLengths(recipe, config)
  const counts = recoveries.flatMap(({ count }) => count ?? [])
  return {
    entries,
    allocations,
    recoveries,
    passes: groupPasses(recoveries, entries.length > 0, ({ settings }) => settings),
    count: counts.reduce<TrainableCount | null>((a, b) => (a && a.count >= b.count ? a : b), null),
    needsCalibration,
    untiesHead: recoveries.some(({ untiesHead }) => untiesHead),
    sizes: sizesOf(config, recipe.recover),
  }
}

/** @throws PlanError */
function plannedRecovery(recipe: ResolvedRecipe, index: number, config: ModelConfig, prunes: boolean): PlannedRecovery {
  const settings = recipe.recover[index]
  const place = recoveryPlace(recipe, index)
  const { mode, lora } = settings
  const trainable = mode === 'refit' ? null : selectTrainable(config, settings, place)
  const problem = problemOf(settings, prunes)
  if (problem) throw new PlanError(`${place}${problem}`)
  const count = trainable && countTrainable(trainable, lora.rank)
  const untiesHead = config.tied && trainable?.adapted.some(({ name }) => name === headModule(config)) === true
  if (untiesHead && config.isPart)
    throw new PlanError(
      `${place}.train: the head of this model is its embedding, and a model of several parts cannot be saved untied; remove head`,
    )
  return {
    index,
    place,
    settings,
    trainable,
    count: count === null ? null : { count, percent: (100 * count) / countParameters(config) },
    untiesHead,
  }
}

/** What keeps a recovery from being done; lint says the same. */
function problemOf({ mode, data }: ResolvedRecover, prunes: boolean): string | null {
  if (mode === 'refit' && !prunes)
    return '.mode: refit fits the kept weights to the dense ones of the same run, so it needs `prune`; of a model that is pruned already the dense weights are gone'
  if (mode === 'reconstruct' && !prunes)
    return '.mode: reconstruct trains a pruned block towards the dense one, so it needs `prune`; for a model that is pruned already, use mode: retrain'
  if (mode === 'retrain' && data === undefined) return '.data is missing: retraining needs text or ids to train on'
  return null
}

/** What is in memory at once for any of these recoveries: they come one after the other, so of each number the largest. */
export function sizesOf(config: ModelConfig, recover: readonly ResolvedRecover[]): PlanSizes {
  const sizes = recover.map((one) =>
    planSizes(config, trainableSet(config, one), one.lora.rank, one.mode === 'reconstruct'),
  )
  return {
    blockParameters: planSizes(config, null, 1, false).blockParameters,
    trainable: largest(sizes, 0, ({ trainable }) => trainable),
    adapted: largest(sizes, 0, ({ adapted }) => adapted),
  }
}

/** null for a recipe that cannot run: lint says why. */
export function planIfPossible(recipe: ResolvedRecipe, config: ModelConfig): RunPlan | null {
  try {
    return planRun(recipe, config)
  } catch (error) {
    if (error instanceof PlanError) return null
    throw error
  }
}

/** A table of learned positions has no row for what lies beyond it. */
function checkLengths({ calibration, recover, evaluate }: ResolvedRecipe, config: ModelConfig): void {
  if (config.position.kind !== 'learned') return
  const uses = [
    ['calibration', calibration?.seq_len],
    ...recover.map(
      ({ mode, seq_len: seqLen }, i) =>
        [recoveryPlace({ recover }, i), mode === 'retrain' ? seqLen : undefined] as const,
    ),
    ...evaluate.map(({ seq_len: seqLen }, i) => [`evaluate.${i}`, seqLen] as const),
  ] as const
  for (const [where, seqLen] of uses)
    if (seqLen !== undefined && seqLen > config.maxPositions)
      throw new PlanError(
        `${where}.seq_len: ${seqLen} tokens are more than the model's ${config.maxPositions} learned positions; use at most ${config.maxPositions}`,
      )
}

export function planSizes(
  config: ModelConfig,
  set: TrainableSet | null,
  rank: number,
  reconstructs: boolean,
): PlanSizes {
  const blocks = Array.from({ length: config.numBlocks }, (_, block) => block)
  const parts = !set ? [] : reconstructs ? blocks.map((block) => setOfBlock(config, set, block)) : [set]
  const weights = ({ adapted }: TrainableSet) => adapted.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return {
    blockParameters: largest(blocks, 0, (block) => parametersOf(config, block)),
    trainable: largest(parts, 0, (part) => countTrainable(part, rank)),
    adapted: largest(parts, 0, weights),
  }
}

function parametersOf(config: ModelConfig, block: number): number {
  return blockParameters(config, block).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}
